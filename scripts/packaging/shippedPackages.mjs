// What is shipped of the large packages: each has a bundle of its own, with no more than what we use of it.
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

const root = new URL('../../', import.meta.url);

/**
 * The names that our code imports from each large package. An import of another name fails the build. The other packages
 * are small, and esbuild keeps only what is used of them.
 * @type {Readonly<Record<string, readonly string[]>>}
 */
export const usedNames = {
  dockerode: ['default'],
  'tar-stream': ['extract', 'pack'],
  undici: ['Agent', 'Client'],
  yaml: ['parse', 'parseDocument'],
};

export const largePackages = Object.keys(usedNames);

export const parserFile = 'llhttp.wasm';

/** What stands for a package, where its own main file brings more than we use. */
const mainFiles = {
  undici: 'scripts/packaging/undici.mjs',
  // In ES modules, of which esbuild can leave out what is not used. The main file for Node is CommonJS.
  yaml: 'node_modules/yaml/browser/dist/index.js',
};

/**
 * Modules that are never reached, by the package that imports them.
 *
 * dockerode: building images (tar-fs, dockerignore), BuildKit sessions (grpc, protobuf: 1.5 MB), and its own transport,
 * docker-modem with ssh2 and a native module: src/core/docker has another.
 *
 * undici: HTTP/2 (our connections agree on HTTP/1.1 by ALPN), its other calls than `request` and `connect`, its own
 * connections (ours are given to it), bodies that are FormData, and the parser's second version
 * with SIMD instructions: if it cannot be loaded, undici takes the one without, which every processor can run.
 */
const notShipped = {
  dockerode: ['docker-modem', 'tar-fs', '@balena/dockerignore', './session', './buildkit'],
  undici: [
    ...['./client-h2.js', './api-pipeline', './api-stream', './api-upgrade', '../core/connect', '../core/connect.js'],
    ...['../web/fetch/body.js', '../web/fetch/formdata', '../web/webidl', '../llhttp/llhttp_simd-wasm.js'],
  ],
};

/** undici's own switch for builds without its experimental parser, and its check for a test runner. */
export const define = { esbuildDetection: 'true', 'process.env.JEST_WORKER_ID': 'undefined' };

/**
 * Leaves out what we never reach. If it is reached all the same, an error says what is missing.
 * @type {import('esbuild').Plugin}
 */
export const onlyWhatWeUse = {
  name: 'only-what-we-use',
  setup(build) {
    for (const [name, paths] of Object.entries(notShipped)) {
      const filter = new RegExp(`^(?:${paths.map((path) => RegExp.escape(path)).join('|')})$`);
      const from = new RegExp(`[\\\\/]node_modules[\\\\/]${name}[\\\\/]`);
      build.onResolve({ filter }, ({ path, importer }) =>
        from.test(importer) ? { path: `${name}: ${path}`, namespace: 'not-shipped' } : undefined,
      );
    }
    build.onLoad({ filter: /.*/, namespace: 'not-shipped' }, ({ path }) => ({ contents: missingModule(path) }));
    for (const [name, file] of Object.entries(mainFiles)) {
      build.onResolve({ filter: new RegExp(`^${name}$`) }, ({ kind }) =>
        kind === 'entry-point' ? undefined : { path: fileURLToPath(new URL(file, root)) },
      );
    }
  },
};

/** A module that throws at its first use. Loading it does nothing: some packages load what they may need. */
function missingModule(name) {
  return `
    const fail = () => { throw new Error(${JSON.stringify(`Tea Chest does not ship this module of ${name}`)}); };
    module.exports = new Proxy(fail, { get: fail });
  `;
}

/**
 * Makes an entry point of a package's name: the bundle gives the names that we use.
 * @type {import('esbuild').Plugin}
 */
export const packageEntries = {
  name: 'package-entries',
  setup(build) {
    build.onResolve({ filter: /^[^.]/ }, ({ path, kind }) =>
      kind === 'entry-point' && path in usedNames ? { path, namespace: 'package-entry' } : undefined,
    );
    build.onLoad({ filter: /.*/, namespace: 'package-entry' }, ({ path }) => ({
      contents: `export { ${usedNames[path].join(', ')} } from '${path}';`,
      resolveDir: fileURLToPath(root),
    }));
    // undici's parser in a file beside its bundle: as text in the bundle, it is a third larger.
    build.onLoad({ filter: /[\\/]undici[\\/]lib[\\/]llhttp[\\/]llhttp-wasm\.js$/ }, () => ({
      contents: `
        const { readFileSync } = require('node:fs');
        module.exports = readFileSync(require('node:path').join(__dirname, require('${parserFile}')));
      `,
    }));
    build.onResolve({ filter: new RegExp(`^${parserFile}$`) }, ({ path }) => ({ path, namespace: 'parser' }));
    build.onLoad({ filter: /./, namespace: 'parser' }, () => ({
      contents: createRequire(import.meta.url)('undici/lib/llhttp/llhttp-wasm.js'),
      loader: 'file',
    }));
  },
};

/**
 * The large packages are two thirds of the code, and compiling them was most of the activation. Our bundle loads theirs
 * instead when a module that imports one is loaded. The exports are listed, so that esbuild finds an import of another name.
 * @type {import('esbuild').Plugin}
 */
export const packagesApart = {
  name: 'packages-apart',
  setup(build) {
    build.onResolve({ filter: /^[^.]/ }, ({ path }) =>
      path in usedNames ? { path, namespace: 'package-bundle' } : undefined,
    );
    build.onResolve({ filter: /^\./, namespace: 'package-bundle' }, ({ path }) => ({ path, external: true }));
    build.onLoad({ filter: /.*/, namespace: 'package-bundle' }, ({ path }) => ({
      contents: `export { ${usedNames[path].join(', ')} } from './${path}.cjs';`,
    }));
  },
};
