// Bundles the extension:  node esbuild.mjs [--production] [--watch] [--metafile]
//   dist/extension.cjs       what VS Code loads
//   dist/compressWorker.cjs  the script of its compression threads
//   dist/deflate.wasm        the DEFLATE encoder they use
//   dist-test/index.cjs      the tests that run inside VS Code, where they exist
// --production minifies, --watch rebuilds on every change, --metafile says what the bytes of each bundle are.
import { existsSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import esbuild from 'esbuild';
import { buildWasm } from './scripts/buildWasm.mjs';

const root = fileURLToPath(new URL('.', import.meta.url));

/**
 * What dockerode brings for uses that are not ours: building images (tar-fs, dockerignore), BuildKit sessions (grpc,
 * protobuf: 1.5 MB), and its own transport, docker-modem with ssh2 and a native module: src/core/docker has another.
 */
const notShipped = /^(docker-modem|tar-fs|@balena\/dockerignore|\.\/session|\.\/buildkit)$/;

/** @type {import('esbuild').Plugin} */
const leanDockerode = {
  name: 'lean-dockerode',
  setup(build) {
    build.onResolve({ filter: notShipped }, ({ path, importer }) =>
      /[\\/]node_modules[\\/]dockerode[\\/]/.test(importer) ? { path, namespace: 'not-shipped' } : undefined,
    );
    build.onLoad({ filter: /.*/, namespace: 'not-shipped' }, ({ path }) => ({
      contents: `module.exports = function () { throw new Error('Tea Chest does not ship ${path}.'); };`,
    }));
  },
};

/**
 * How every bundle is made.
 * @type {(options: { production: boolean }) => import('esbuild').BuildOptions}
 */
export const common = ({ production }) => ({
  absWorkingDir: root,
  bundle: true,
  format: 'cjs',
  platform: 'node',
  target: 'node22',
  external: ['vscode'],
  minify: production,
  sourcemap: production ? 'external' : 'linked',
  legalComments: 'none',
  metafile: true,
  logLevel: 'warning',
  plugins: [leanDockerode],
});

/** @type {(options: { production: boolean }) => import('esbuild').BuildOptions[]} */
function bundles(options) {
  const shared = common(options);
  const list = [
    { ...shared, entryPoints: ['src/extension.ts'], outfile: 'dist/extension.cjs' },
    {
      ...shared,
      entryPoints: ['src/core/push/compress/compressWorker.ts'],
      outfile: 'dist/compressWorker.cjs',
    },
  ];
  if (existsSync(join(root, 'test/e2e/suite/index.ts'))) {
    list.push({ ...shared, minify: false, entryPoints: ['test/e2e/suite/index.ts'], outfile: 'dist-test/index.cjs' });
  }
  return list;
}

/**
 * Builds everything once.
 * @param {{ production?: boolean }} [options]
 * @returns {Promise<import('esbuild').Metafile[]>}
 */
export async function build({ production = false } = {}) {
  const [, ...results] = await Promise.all([
    buildWasm(),
    ...bundles({ production }).map((bundle) => esbuild.build(bundle)),
  ]);
  return results.map((result) => result.metafile);
}

async function watch() {
  await buildWasm();
  const contexts = await Promise.all(
    bundles({ production: false }).map((bundle) => esbuild.context({ ...bundle, logLevel: 'info' })),
  );
  await Promise.all(contexts.map((context) => context.watch()));
}

/** The packages and folders a bundle is made of, largest first. */
function describe(metafile) {
  for (const [file, output] of Object.entries(metafile.outputs)) {
    if (file.endsWith('.map')) continue;
    const bytes = new Map();
    for (const [path, { bytesInOutput }] of Object.entries(output.inputs)) {
      const owner = path.match(/node_modules\/((?:@[^/]+\/)?[^/]+)(?!.*node_modules)/)?.[1] ?? path.split('/')[0];
      bytes.set(owner, (bytes.get(owner) ?? 0) + bytesInOutput);
    }
    console.log(`${file}  ${kilobytes(output.bytes)}`);
    for (const [owner, size] of [...bytes].sort((a, b) => b[1] - a[1])) {
      if (size > 1000) console.log(`    ${kilobytes(size).padStart(9)}  ${owner}`);
    }
  }
}

function kilobytes(bytes) {
  return `${(bytes / 1000).toFixed(1)} kB`;
}

async function main(args) {
  if (args.includes('--watch')) return watch();
  const metafiles = await build({ production: args.includes('--production') });
  if (args.includes('--metafile')) for (const metafile of metafiles) describe(metafile);
  const files = metafiles.flatMap(({ outputs }) => Object.keys(outputs)).filter((file) => !file.endsWith('.map'));
  for (const file of [...files, 'dist/deflate.wasm']) {
    console.log(`${relative(root, join(root, file))}  ${kilobytes((await stat(join(root, file))).size)}`);
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main(process.argv.slice(2));
