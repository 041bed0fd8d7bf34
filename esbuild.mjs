// Bundles the extension:  node esbuild.mjs [--production] [--watch] [--metafile]
//   dist/extension.cjs       our own code, and the small packages: what VS Code loads to activate the extension
//   dist/engine.cjs, later.cjs    the rest of our own code, loaded when it is needed
//   dist/PACKAGE.cjs         what we use of each large package, loaded by the first call that needs it
//   dist/llhttp.wasm        the HTTP parser of one of them
//   dist/l10n/               the translations of our texts
//   dist/compressWorker.cjs  the script of its compression threads
//   dist/deflate.wasm        the DEFLATE encoder they use
//   dist/pushPage.js, .css   the push page, which VS Code shows in a frame of its own
//   dist/THIRD-PARTY-NOTICES.txt  the licences of all that is in them and not ours
// --production minifies, --watch rebuilds on every change, --metafile says what the bytes of each bundle are.
import { mkdir, stat, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import esbuild from 'esbuild';
import { buildWasm } from './scripts/buildWasm.mjs';
import { extensionSource } from './scripts/packaging/extensionSource.mjs';
import { splitting, writeParts } from './scripts/packaging/extensionParts.mjs';
import { writeTranslations } from './scripts/packaging/shippedTexts.mjs';
import {
  define,
  largePackages,
  onlyWhatWeUse,
  packageEntries,
  packagesApart,
} from './scripts/packaging/shippedPackages.mjs';
import { thirdPartyNotices } from './scripts/packaging/thirdPartyNotices.mjs';

const root = fileURLToPath(new URL('.', import.meta.url));
const dist = join(root, 'dist');
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
  define,
  plugins: [onlyWhatWeUse],
});

/** @type {(options: { production: boolean, folder: string }) => import('esbuild').BuildOptions[]} */
function bundles({ production, folder }) {
  const shared = filesIn(folder, { production });
  return [
    { ...shared, entryPoints: largePackages, assetNames: '[name]', plugins: [packageEntries, onlyWhatWeUse] },
    { ...shared, entryPoints: ['src/core/compress/encoder/compressWorker.ts'] },
    webview({ ...common({ production }), outdir: folder }),
  ];
}

function filesIn(folder, { production }) {
  return { ...common({ production }), outdir: folder, outExtension: { '.js': '.cjs' }, entryNames: '[name]' };
}

/**
 * Splits our own code; `writeParts` writes it.
 * @type {(options: { production: boolean, folder: string }) => import('esbuild').BuildOptions}
 */
function splitExtension({ production, folder }) {
  const plugins = [packagesApart, extensionSource];
  return { ...splitting(common({ production })), outdir: folder, entryPoints: ['src/extension.ts'], plugins };
}

/**
 * What runs in the push page: in a browser, without Node.
 * @type {(options: import('esbuild').BuildOptions) => import('esbuild').BuildOptions}
 */
function webview(options) {
  const [script, style] = ['main.ts', 'pushPage.css'].map((file) => `src/webview/pushPage/${file}`);
  return {
    ...options,
    entryPoints: [
      { in: script, out: 'pushPage' },
      { in: style, out: 'pushPage' },
    ],
    format: 'iife',
    platform: 'browser',
    target: 'chrome128',
    plugins: [],
    external: [],
  };
}

/**
 * Makes the bundles, without the encoder, in `folder`.
 * @param {{ production: boolean, folder: string }} options
 * @returns {Promise<import('esbuild').Metafile[]>}
 */
export async function bundle(options) {
  const [extension, ...results] = await Promise.all([
    esbuild.build(splitExtension(options)).then((split) => writeParts(split, filesIn(options.folder, options))),
    ...bundles(options).map((one) => esbuild.build(one)),
    writeTranslations(join(options.folder, 'l10n')),
  ]);
  return [extension, ...results.flatMap((result) => result?.metafile ?? [])];
}

/**
 * Builds everything once.
 * @param {{ production?: boolean }} [options]
 * @returns {Promise<import('esbuild').Metafile[]>}
 */
export async function build({ production = false } = {}) {
  const [metafiles] = await Promise.all([bundle({ production, folder: dist }), buildWasm()]);
  await mkdir(dist, { recursive: true });
  await writeFile(join(dist, 'THIRD-PARTY-NOTICES.txt'), await thirdPartyNotices(metafiles));
  return metafiles;
}

async function watch() {
  const options = { production: false, folder: dist };
  await Promise.all([buildWasm(), writeTranslations(join(dist, 'l10n'))]);
  const split = splitExtension(options);
  const contexts = await Promise.all(
    [{ ...split, plugins: [...split.plugins, partsAfter(options)] }, ...bundles(options)].map((one) =>
      esbuild.context({ ...one, logLevel: 'info' }),
    ),
  );
  await Promise.all(contexts.map((context) => context.watch()));
}

/** Writes the parts each time our code was split. */
function partsAfter(options) {
  return {
    name: 'parts-after',
    setup: (build) =>
      build.onEnd(async (split) => {
        if (split.errors.length === 0) await writeParts(split, filesIn(options.folder, options));
      }),
  };
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
  for (const file of [...files, 'dist/deflate.wasm', 'dist/THIRD-PARTY-NOTICES.txt']) {
    console.log(`${relative(root, join(root, file))}  ${kilobytes((await stat(join(root, file))).size)}`);
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main(process.argv.slice(2));
