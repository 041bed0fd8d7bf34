// Our own code in parts. `dist/extension.cjs` has what activates the extension. What only an `import()` needs is in
// `dist/parts/`, and loaded by it: compiling a file takes longer than all else in an activation.
//
// esbuild splits code only into ES modules, and VS Code loads the extension as CommonJS. So it runs twice: first it splits, then
// it makes CommonJS of the parts. A module is in one part, so that a class is one class and `instanceof` holds.
import { rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import esbuild from 'esbuild';

const entry = 'extension.js';
const partsFolder = 'parts';

/**
 * The options of the first run.
 * @type {(options: import('esbuild').BuildOptions) => import('esbuild').BuildOptions}
 */
export function splitting(options) {
  return {
    ...options,
    format: 'esm',
    splitting: true,
    // Short names for what a part exports. The rest is left to the second run.
    ...{ minify: false, minifyIdentifiers: options.minify },
    sourcemap: 'inline',
    write: false,
    entryNames: '[name]',
    chunkNames: '[name]-[hash]',
  };
}

/**
 * Writes the parts that the first run has made.
 * @param {import('esbuild').BuildResult} split
 * @param {import('esbuild').BuildOptions} options of the second run
 * @returns {Promise<import('esbuild').Metafile>} what each file is made of
 */
export async function writeParts(split, options) {
  const parts = readParts(split);
  await rm(join(options.outdir, partsFolder), { recursive: true, force: true });
  const { metafile } = await esbuild.build({
    ...options,
    format: 'cjs',
    entryPoints: [
      { in: entry, out: 'extension' },
      ...[...parts.lazy].map((name) => ({ in: name, out: `${partsFolder}/${stem(name)}` })),
    ],
    // A part is loaded by `require`: no other code of VS Code needs Node's loader of ES modules.
    supported: { 'dynamic-import': false },
    plugins: [commonJsParts(parts)],
  });
  return withSources(metafile, parts);
}

/** The files of the first run by their names, and which of them are loaded later. */
function readParts({ outputFiles, metafile }) {
  const outputs = new Map(Object.entries(metafile.outputs).map(([path, output]) => [basename(path), output]));
  const files = new Map(outputFiles.map(({ path, text }) => [basename(path), text]));
  const eager = new Set();
  const add = (name) => {
    if (eager.has(name)) return;
    eager.add(name);
    for (const { path, kind } of outputs.get(name).imports) {
      if (kind === 'import-statement' && outputs.has(basename(path))) add(basename(path));
    }
  };
  add(entry);
  const lazy = new Set([...outputs.keys()].filter((name) => name.endsWith('.js') && !eager.has(name)));
  return { files, outputs, eager, lazy };
}

/** @returns {import('esbuild').Plugin} */
function commonJsParts({ files, outputs, eager, lazy }) {
  const shared = [...eager].filter((name) =>
    [...lazy].some((part) => outputs.get(part).imports.some(({ path }) => basename(path) === name)),
  );
  return {
    name: 'common-js-parts',
    setup(build) {
      build.onResolve({ filter: /./ }, ({ path, importer, kind }) => {
        const name = basename(path);
        if (kind === 'entry-point') return { path: name, namespace: name === entry ? 'entry' : 'part' };
        if (lazy.has(name))
          return { path: `./${lazy.has(importer) ? '' : `${partsFolder}/`}${stem(name)}.cjs`, external: true };
        if (eager.has(name)) return { path: name, namespace: lazy.has(importer) ? 'shared' : 'part' };
        // Bundles of packages stand beside the extension's.
        return { path: lazy.has(importer) ? path.replace(/^\.\//, '../') : path, external: true };
      });
      build.onLoad({ filter: /./, namespace: 'part' }, ({ path }) => ({ contents: withVscode(files.get(path)) }));
      build.onLoad({ filter: /./, namespace: 'entry' }, ({ path }) => ({ contents: entryOf(path, shared) }));
      build.onLoad({ filter: /./, namespace: 'shared' }, ({ path }) => ({
        contents: `module.exports = require('../extension.cjs').shared[${JSON.stringify(path)}];`,
      }));
    },
  };
}

/** Gives VS Code what it calls, and the parts that are loaded later what they share with this one. */
function entryOf(name, shared) {
  const imports = shared.map((path, index) => `import * as part${index} from './${path}';`);
  const members = shared.map((path, index) => `${JSON.stringify(path)}: part${index}`);
  return [`export * from './${name}';`, ...imports, `export const shared = { ${members.join(', ')} };`].join('\n');
}

/**
 * For `import * as vscode` esbuild copies the whole of that interface, in every file anew (7 ms of activation, in all).
 * The interface itself does as well.
 */
function withVscode(text) {
  return text.replace(/^import \* as (\w+) from "vscode";$/gm, 'const $1 = require("vscode");');
}

/** Names the modules of our code and of packages in place of the first run's files. */
function withSources(metafile, { outputs }) {
  const sourcesOf = (inputs) =>
    Object.assign({}, ...Object.keys(inputs).map((path) => outputs.get(path.replace(/^part:/, ''))?.inputs ?? {}));
  const entries = Object.entries(metafile.outputs).map(([path, output]) => [
    path,
    { ...output, inputs: sourcesOf(output.inputs) },
  ]);
  return { inputs: metafile.inputs, outputs: Object.fromEntries(entries) };
}

function stem(name) {
  return basename(name, '.js');
}
