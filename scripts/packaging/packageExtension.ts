import { readFile } from 'node:fs/promises';

import { createVSIX } from '@vscode/vsce';

import { projectRoot } from '../../test/tools/projectPaths.ts';
import { run } from '../../test/tools/run.ts';
import { zipEntries } from './zipEntries.ts';
import type { ZipEntry } from './zipEntries.ts';

/** Builds the bundles for production and packs them; returns what the VSIX holds. */
export async function packageExtension(file: string): Promise<{ readonly size: number; readonly files: ZipEntry[] }> {
  await run(process.execPath, ['esbuild.mjs', '--production'], { cwd: projectRoot });
  await createVSIX({
    cwd: projectRoot,
    packagePath: file,
    // Everything is bundled.
    dependencies: false,
    allowMissingRepository: true,
    // Without a repository's address, links to files of it cannot be made absolute.
    rewriteRelativeLinks: false,
  });
  const archive = await readFile(file);
  return { size: archive.length, files: zipEntries(archive) };
}
