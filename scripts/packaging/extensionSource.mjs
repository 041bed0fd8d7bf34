import { readFile } from 'node:fs/promises';
import { numberTexts } from './numberTexts.mjs';
import { readEnglish } from './shippedTexts.mjs';

/**
 * Reads our own code as the extension's bundle has it: texts are numbered, and the English ones stand in one list.
 * @type {import('esbuild').Plugin}
 */
export const extensionSource = {
  name: 'extension-source',
  setup(build) {
    let texts = readEnglish();
    build.onStart(() => {
      texts = readEnglish();
    });
    build.onLoad({ filter: /[\\/]src[\\/].*\.ts$/ }, async ({ path }) => {
      const { numbers, english } = await texts;
      const contents = /[\\/]englishTexts\.ts$/.test(path)
        ? `export const englishTexts = ${JSON.stringify(JSON.stringify(english))};`
        : numbered(await readFile(path, 'utf8'), numbers);
      return { contents, loader: 'ts' };
    });
    // As an ES module: of a CommonJS package, esbuild would copy the interface in every file anew.
    build.onResolve({ filter: /^@vscode\/l10n$/ }, ({ path, namespace }) =>
      namespace === 'file' ? { path, namespace: 'l10n' } : undefined,
    );
    build.onLoad({ filter: /.*/, namespace: 'l10n' }, ({ path }) => ({
      contents: `import * as l10n from '${path}'; export const t = l10n.t; export const config = l10n.config;`,
      resolveDir: import.meta.dirname,
    }));
  },
};

function numbered(source, numbers) {
  return source.includes('@vscode/l10n') ? numberTexts(source, numbers) : source;
}
