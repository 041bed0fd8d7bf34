import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { numberTexts } from './numberTexts.mjs';
import { readEnglish } from './shippedTexts.mjs';

const root = fileURLToPath(new URL('../../', import.meta.url));
const loadMessages = /[\\/]loadMessages\.ts$/;

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
    // As an ES module: of a CommonJS package, esbuild would copy the interface in every file anew. It loads the texts first,
    // because the order in which esbuild's chunks are loaded is not that of the imports of extension.ts.
    build.onResolve({ filter: /^@vscode\/l10n$/ }, ({ path, importer, namespace }) =>
      namespace === 'l10n' || loadMessages.test(importer) ? undefined : { path, namespace: 'l10n' },
    );
    build.onLoad({ filter: /.*/, namespace: 'l10n' }, ({ path }) => ({
      contents: `
        import './src/host/messages/loadMessages.ts';
        import * as l10n from '${path}';
        export const t = l10n.t;
      `,
      resolveDir: root,
    }));
  },
};

function numbered(source, numbers) {
  return source.includes('@vscode/l10n') ? numberTexts(source, numbers) : source;
}
