import { execFileSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { build } from 'esbuild';
import { common } from '../../esbuild.mjs';
import { packageExtension } from '../../scripts/packaging/packageExtension.ts';
import { runInVscode } from '../../test/e2e/harness/runInVscode.ts';
import { projectRoot } from '../../test/tools/projectPaths.ts';
import { provision } from '../../test/tools/provision.ts';
import { makeScratch } from '../../test/tools/scratch.ts';
import { step } from '../../test/tools/step.ts';
import { nothingMeasured, toRow, type Measurement } from '../report/row.ts';
import { startCrowdedEngine } from '../vscode/crowdedEngine.ts';
import { measureVariables, type HostFigures } from '../vscode/protocol.ts';
import type { BenchCase } from './benchCase.ts';

const crowd = 2000;

/** The extension in a real VS Code: how soon it is there, how soon its tree, and how large it is. */
export const extensionCase: BenchCase = {
  name: 'extension',
  titles: {
    vsix: 'The extension’s file',
    activation: 'Activation, in VS Code',
    [`tree-${crowd}`]: `The Images view’s first answer with ${crowd} images, in VS Code`,
  },
  run: async (bench) => {
    const scratch = await makeScratch('vsix');
    const { size } = await packageExtension(join(scratch.path, 'tea-chest.vsix')).finally(() => scratch.remove());
    bench.record({ case: 'vsix', tool: 'Tea Chest', ...nothingMeasured, runs: 1, sizeBytes: size });

    // As shipped: `packageExtension` has left the bundles for production in dist/.
    const figures: HostFigures[] = [];
    let failure: string | undefined;
    try {
      await provision(['vscodeServer', 'browser']);
      for (let round = 1; round <= bench.rounds; round++) {
        figures.push(await step(`extension: VS Code, ${round} of ${bench.rounds}`, measureHost));
      }
    } catch (error) {
      failure = error instanceof Error ? error.message : String(error);
    }
    const times = (pick: (one: HostFigures) => number): Measurement[] => figures.map((one) => ({ ms: pick(one) }));
    bench.record(
      toRow(
        'activation',
        'Tea Chest',
        times(({ activationMs }) => activationMs),
        failure,
      ),
    );
    bench.record(
      toRow(
        `tree-${crowd}`,
        'Tea Chest',
        times(({ treeMs }) => treeMs),
        failure,
      ),
    );
  },
};

async function measureHost(): Promise<HostFigures> {
  const testsPath = join(projectRoot, 'dist-test', 'bench.cjs');
  await build({ ...common({ production: true }), entryPoints: ['bench/vscode/measure.ts'], outfile: testsPath });
  const [engine, folder] = await Promise.all([startCrowdedEngine(crowd), makeScratch('vscode-bench')]);
  try {
    // As in `measured`: what other cases left to be written.
    execFileSync('sync');
    const out = join(folder.path, 'figures.json');
    const env = { [measureVariables.engine]: engine.host, [measureVariables.out]: out, DOCKER_HOST: engine.host };
    const signal = AbortSignal.timeout(180_000);
    const { exitCode, output } = await runInVscode({ testsPath, folder: folder.path, env, signal });
    if (exitCode !== 0) throw new Error(`VS Code ended with code ${exitCode}: ${output.slice(-500)}`);
    return JSON.parse(await readFile(out, 'utf8')) as HostFigures;
  } finally {
    await engine.close();
    await folder.remove();
  }
}
