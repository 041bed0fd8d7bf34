// Our own code in three files, because compiling a file takes longer than all else in an activation:
//   extension.cjs  what activates the extension
//   engine.cjs     what talks with the container engine; the Images view loads it when it is shown
//   later.cjs      what only an `import()` needs, such as a push
//
// esbuild splits code only into ES modules, and into many of them. So it runs twice: first it splits, then it joins the
// chunks to these files. A module is in one file, so that a class is one class and `instanceof` holds.
import { basename } from 'node:path';
import esbuild from 'esbuild';

/** The files, and the module with which each begins. A file has what its module needs and no file before it has. */
const beginnings = [
  ['extension', 'src/extension.ts'],
  ['engine', 'src/core/docker/client/engine.ts'],
];
const rest = 'later';

export const ownFiles = [...beginnings.map(([file]) => file), rest];

/**
 * The options of the first run.
 * @type {(options: import('esbuild').BuildOptions) => import('esbuild').BuildOptions}
 */
export function splitting(options) {
  return {
    ...options,
    format: 'esm',
    splitting: true,
    // Short names for what a chunk exports. The rest is left to the second run.
    ...{ minify: false, minifyIdentifiers: options.minify },
    sourcemap: 'inline',
    write: false,
    outExtension: {},
  };
}

/**
 * Writes the files from what the first run has made.
 * @param {import('esbuild').BuildResult} split
 * @param {import('esbuild').BuildOptions} options of the second run
 * @returns {Promise<import('esbuild').Metafile>} what each file is made of
 */
export async function writeParts(split, options) {
  const chunks = readChunks(split);
  const { metafile } = await esbuild.build({
    ...options,
    format: 'cjs',
    entryPoints: ownFiles,
    // An `import()` of another file is a `require`: nothing needs Node's loader of ES modules.
    supported: { 'dynamic-import': false },
    plugins: [joinChunks(chunks)],
  });
  return withSources(metafile, chunks);
}

/** The chunks of the first run by their names, and the file that each goes to. */
function readChunks({ outputFiles, metafile }) {
  const outputs = new Map(Object.entries(metafile.outputs).map(([path, output]) => [basename(path), output]));
  const texts = new Map(outputFiles.map(({ path, text }) => [basename(path), text]));
  const fileOf = new Map();
  const assign = (name, file) => {
    if (fileOf.has(name) || !outputs.has(name)) return;
    fileOf.set(name, file);
    for (const { path, kind } of outputs.get(name).imports) {
      if (kind === 'import-statement') assign(basename(path), file);
    }
  };
  for (const [file, module] of beginnings) {
    assign(
      [...outputs.keys()].find((name) => outputs.get(name).entryPoint === module),
      file,
    );
  }
  for (const name of outputs.keys()) assign(name, rest);
  return { outputs, texts, fileOf };
}

/** @returns {import('esbuild').Plugin} */
function joinChunks({ outputs, texts, fileOf }) {
  return {
    name: 'join-chunks',
    setup(build) {
      build.onResolve({ filter: /./ }, ({ path, importer, kind }) => {
        if (kind === 'entry-point') return { path, namespace: 'own-file' };
        const name = basename(path);
        const file = fileOf.get(name);
        // Bundles of packages, Node's modules and VS Code's.
        if (file === undefined) return { path, external: true };
        if (file === (fileOf.get(importer) ?? importer)) return { path: name, namespace: 'chunk' };
        return { path: name, namespace: kind === 'dynamic-import' ? 'load' : 'shared' };
      });
      build.onLoad({ filter: /./, namespace: 'own-file' }, ({ path }) => ({ contents: contentsOf(path) }));
      build.onLoad({ filter: /./, namespace: 'chunk' }, ({ path }) => ({ contents: withVscode(texts.get(path)) }));
      for (const [namespace, call] of [
        ['shared', ''],
        ['load', '()'],
      ]) {
        build.onLoad({ filter: /./, namespace }, ({ path }) => ({
          contents: `module.exports = require('./${fileOf.get(path)}.cjs').${namespace}['${path}']${call};`,
        }));
      }
    },
  };

  /** A file gives the others the chunks that they need, and the first one gives VS Code what it calls. */
  function contentsOf(file) {
    const imports = [...outputs].flatMap(([name, { imports }]) => (fileOf.get(name) === file ? [] : imports));
    const asked = (wanted) =>
      new Set(
        imports
          .filter(({ path, kind }) => kind === wanted && fileOf.get(basename(path)) === file)
          .map(({ path }) => basename(path)),
      );
    const shared = [...asked('import-statement')];
    const loaded = [...asked('dynamic-import')];
    const [, module] = beginnings.find(([name]) => name === file) ?? [];
    const entry = [...outputs.keys()].find((name) => outputs.get(name).entryPoint === module);
    return [
      ...(file === ownFiles[0] ? [`export * from './${entry}';`] : []),
      ...shared.map((name, index) => `import * as chunk${index} from './${name}';`),
      `export const shared = { ${shared.map((name, index) => `'${name}': chunk${index}`).join(', ')} };`,
      `export const load = { ${loaded.map((name) => `'${name}': () => require('./${name}')`).join(', ')} };`,
    ].join('\n');
  }
}

/**
 * For `import * as vscode` esbuild copies the whole of that interface, in every file anew (7 ms of activation, in all).
 * The interface itself does as well.
 */
function withVscode(text) {
  return text.replace(/^import \* as (\w+) from "vscode";$/gm, 'const $1 = require("vscode");');
}

/** Names the modules of our code and of packages in place of the chunks. */
function withSources(metafile, { outputs }) {
  const sourcesOf = (inputs) =>
    Object.assign({}, ...Object.keys(inputs).map((path) => outputs.get(path.replace(/^chunk:/, ''))?.inputs ?? {}));
  const entries = Object.entries(metafile.outputs).map(([path, output]) => [
    path,
    { ...output, inputs: sourcesOf(output.inputs) },
  ]);
  return { inputs: metafile.inputs, outputs: Object.fromEntries(entries) };
}
