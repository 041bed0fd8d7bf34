import { spawn } from 'node:child_process';
import { globSync } from 'node:fs';
import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

import { projectRoot, resultsFolder } from '../../test/tools/projectPaths.ts';
import { compileCache } from './compileCache.ts';
import { longestTestMs } from './endTestProcess.ts';
import type { Layer } from './layers.ts';
import type { LayerCounts } from './layerCounts.ts';

/** Runs a layer's test files with node's runner: a readable report here, the counts into test-results/. */
export async function runLayer(layer: Layer, signal: AbortSignal): Promise<LayerCounts> {
  const files = globSync(layer.files, { cwd: projectRoot }).sort();
  if (files.length === 0) return withFailure(nothing, `the layer ${layer.name} has no test file (${layer.files})`);
  await mkdir(resultsFolder, { recursive: true });
  const countsFile = join(resultsFolder, `${layer.name}.json`);
  await rm(countsFile, { force: true });
  const code = await runNode(
    [
      '--test',
      `--test-concurrency=${layer.concurrency}`,
      ...[
        `--test-timeout=${longestTestMs}`,
        '--import',
        pathToFileURL(join(import.meta.dirname, 'endTestProcess.ts')).href,
      ],
      ...['--test-reporter=spec', '--test-reporter-destination=stdout'],
      ...[
        `--test-reporter=${join(import.meta.dirname, 'countReporter.ts')}`,
        `--test-reporter-destination=${countsFile}`,
      ],
      ...files,
    ],
    signal,
  );
  const counts = (await readCounts(countsFile)) ?? nothing;
  if (signal.aborted) return withFailure(counts, `the layer ${layer.name} was stopped before its end`);
  // The runner may fail for what is no test of its own, such as a hook or an error after the last one.
  if (code !== 0 && counts.failed === 0) {
    return withFailure(counts, `the layer ${layer.name} ended with code ${code}: see above`);
  }
  return counts;
}

const nothing: LayerCounts = { passed: 0, failed: 0, skipped: 0, skips: [], failures: [] };

function withFailure(counts: LayerCounts, what: string): LayerCounts {
  return { ...counts, failed: counts.failed + 1, failures: [...counts.failures, what] };
}

async function readCounts(file: string): Promise<LayerCounts | undefined> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as LayerCounts;
  } catch {
    return undefined;
  }
}

/** In a process group of its own: when we are asked to stop, every test process goes, and its services with it. */
function runNode(args: readonly string[], signal: AbortSignal): Promise<number> {
  return new Promise((resolve, reject) => {
    const ownGroup = process.platform !== 'win32';
    const child = spawn(process.execPath, args, {
      cwd: projectRoot,
      stdio: ['ignore', 'inherit', 'inherit'],
      detached: ownGroup,
      // Colour survives for people although the runner is not the terminal's own.
      env: {
        ...process.env,
        ...(process.stdout.isTTY ? { FORCE_COLOR: '1' } : {}),
        NODE_TEST_CONTEXT: undefined,
        NODE_COMPILE_CACHE: compileCache,
      },
    });
    const end = (): void => {
      process.kill(ownGroup ? -(child.pid ?? 0) : (child.pid ?? 0), 'SIGTERM');
    };
    signal.addEventListener('abort', end, { once: true });
    child.once('error', reject);
    child.once('exit', (code) => {
      signal.removeEventListener('abort', end);
      resolve(code ?? 1);
    });
  });
}
