import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * Installs a language pack without texts: VS Code then runs in the language, and its own texts stay English. Real language
 * packs come from the Marketplace, which tests do not ask. `languagepacks.json` is VS Code's own list of the installed ones.
 */
export async function installLanguagePack(language: string, extensions: string, userData: string): Promise<void> {
  const id = `language-pack-${language}`;
  const version = '1.0.0';
  const folder = join(extensions, `tea-chest-tests.${id}-${version}`);
  const texts = join(folder, 'main.i18n.json');
  await mkdir(folder, { recursive: true });
  await writeFile(texts, JSON.stringify({ version, contents: {} }));
  const localization = { languageId: language, languageName: language, localizedLanguageName: language };
  const manifest = {
    ...{ name: id, publisher: 'tea-chest-tests', version, engines: { vscode: '^1.105.0' } },
    contributes: { localizations: [{ ...localization, translations: [{ id: 'vscode', path: './main.i18n.json' }] }] },
  };
  await writeFile(join(folder, 'package.json'), JSON.stringify(manifest, undefined, 2));
  const installed = {
    [language]: {
      ...{ hash: id, label: language, translations: { vscode: texts } },
      extensions: [{ extensionIdentifier: { id: `tea-chest-tests.${id}` }, version }],
    },
  };
  await writeFile(join(userData, 'languagepacks.json'), JSON.stringify(installed));
}
