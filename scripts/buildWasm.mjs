import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../', import.meta.url));
const source = join(root, 'src/core/compress/encoder/deflate/assembly');

/** The default path. */
export const wasmFile = join(root, 'dist/deflate.wasm');

/**
 * Compiles the DEFLATE encoder to `outFile`, unless that is newer than all it is made of.
 * @param {string} [outFile]
 * @returns {Promise<string>} outFile
 */
export async function buildWasm(outFile = wasmFile) {
  if (await isUpToDate(outFile)) return outFile;
  const { default: asc } = await import('assemblyscript/asc');
  await mkdir(dirname(outFile), { recursive: true });
  // Several test files may build at once: each into a file of its own, then into place in one step.
  const draft = `${outFile}.${process.pid}.wasm`;
  try {
    const { error, stderr } = await asc.main([
      join(source, 'deflate.ts'),
      ...['--outFile', draft],
      ...['--optimizeLevel', '3', '--shrinkLevel', '0', '--converge', '--noAssert'],
      ...['--runtime', 'stub', '--enable', 'bulk-memory'],
      // The memory map is the encoder's own (assembly/layout.ts): 3 MiB, never grown.
      ...['--initialMemory', '48', '--maximumMemory', '48'],
    ]);
    if (error !== null) throw new Error(`the DEFLATE encoder did not compile: ${stderr.toString()}`, { cause: error });
    await rename(draft, outFile);
  } finally {
    await rm(draft, { force: true });
  }
  return outFile;
}

async function isUpToDate(outFile) {
  const built = await stat(outFile).catch(() => undefined);
  if (built === undefined) return false;
  const names = await readdir(source);
  const inputs = [fileURLToPath(import.meta.url), ...names.map((name) => join(source, name))];
  const stats = await Promise.all(inputs.map((input) => stat(input)));
  return stats.every((input) => input.mtimeMs < built.mtimeMs);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) console.log(await buildWasm());
