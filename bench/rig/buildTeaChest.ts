import { join } from 'node:path';
import { build } from 'esbuild';
import { common } from '../../esbuild.mjs';
import { buildWasm } from '../../scripts/buildWasm.mjs';
import { cacheFolder } from '../../test/tools/projectPaths.ts';

let built: Promise<string> | undefined;

/** Bundles bench/teaChest.ts as the extension is bundled for users, once per run; gives the folder. */
export function buildTeaChest(): Promise<string> {
  built ??= (async () => {
    const folder = join(cacheFolder, 'bench');
    await Promise.all([
      buildWasm(join(folder, 'deflate.wasm')),
      build({
        ...common({ production: true }),
        entryPoints: ['bench/teaChest.ts', 'src/core/compress/encoder/compressWorker.ts'],
        entryNames: '[name]',
        outdir: folder,
        outExtension: { '.js': '.cjs' },
      }),
    ]);
    return folder;
  })();
  return built;
}
