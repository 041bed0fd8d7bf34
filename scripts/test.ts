// npm test [-- layer… [--large]]: sets the machine up, builds the extension, runs the layers, sums up. The last line is
// `N passed, N failed`; the exit code is 0 only when nothing failed.
import { stopRequested } from '../test/tools/closer.ts';
import { projectRoot } from '../test/tools/projectPaths.ts';
import { provision } from '../test/tools/provision.ts';
import { run } from '../test/tools/run.ts';
import { step } from '../test/tools/step.ts';
import { closingLine, sum } from './testing/layerCounts.ts';
import type { LayerCounts } from './testing/layerCounts.ts';
import { layers } from './testing/layers.ts';
import type { Layer } from './testing/layers.ts';
import { runLayer } from './testing/runLayer.ts';

const stop = new AbortController();
void stopRequested().then((why) => {
  console.log(`\nStopping (${why}) …`);
  stop.abort();
});

const [large, names] = [process.argv.includes('--large'), process.argv.slice(2).filter((name) => name !== '--large')];
// For test/engines: what takes minutes as well.
if (large) process.env['TEA_CHEST_LARGE'] = '1';
process.exitCode = await main(names);
// Signal handlers and a parent watch would keep us.
process.exit();

async function main(names: readonly string[]): Promise<number> {
  const unknown = names.filter((name) => !layers.some((layer) => layer.name === name));
  if (unknown.length > 0) {
    console.error(`No such layer: ${unknown.join(', ')}. There are ${layers.map((layer) => layer.name).join(', ')}.`);
    return 2;
  }
  const chosen = layers.filter((layer) => names.length === 0 || names.includes(layer.name));
  const started = Date.now();
  let results: readonly (readonly [Layer, LayerCounts, number])[];
  try {
    await prepare(chosen);
    results = await runLayers(chosen);
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    console.log('0 passed, 1 failed');
    return 1;
  }
  return summarise(results, started);
}

async function prepare(chosen: readonly Layer[]): Promise<void> {
  await provision(chosen.flatMap((layer) => layer.needs));
  if (chosen.some((layer) => layer.needsBuild)) {
    await step('Building the extension', () => run(process.execPath, ['esbuild.mjs'], { cwd: projectRoot }));
  }
}

async function runLayers(chosen: readonly Layer[]): Promise<(readonly [Layer, LayerCounts, number])[]> {
  const results: (readonly [Layer, LayerCounts, number])[] = [];
  for (const layer of chosen) {
    if (stop.signal.aborted) break;
    console.log(`\n── ${layer.name} ${'─'.repeat(60 - layer.name.length)}`);
    const started = Date.now();
    results.push([layer, await runLayer(layer, stop.signal), Date.now() - started]);
  }
  return results;
}

function summarise(results: readonly (readonly [Layer, LayerCounts, number])[], started: number): number {
  console.log('\n── summary ─────────────────────────────────────────────────────');
  for (const [layer, counts, duration] of results) {
    console.log(`  ${layer.name.padEnd(12)} ${closingLine(counts).padEnd(40)} ${(duration / 1000).toFixed(1)} s`);
  }
  const all = sum(results.map(([, counts]) => counts));
  for (const { name, reason } of all.skips) console.log(`  skipped: ${name} (${reason})`);
  for (const name of all.failures) console.log(`  failed: ${name}`);
  console.log(`  in all ${((Date.now() - started) / 1000).toFixed(0)} s; details in test-results/`);
  console.log(closingLine(all));
  return all.failed === 0 && all.passed > 0 && !stop.signal.aborted ? 0 : 1;
}
