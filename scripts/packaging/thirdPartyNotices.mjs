import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** Not in any bundle: its standard library is compiled into deflate.wasm. */
const compiledIn = 'node_modules/assemblyscript';

/**
 * The licences of packages that have one in their repository and not in the package, by name.
 * @type {Readonly<Record<string, string>>}
 */
export const licenceCopies = { '@vscode/l10n': 'scripts/packaging/licences/vscode-l10n.txt' };

const licenceFile = /^(?:licen[cs]e|copying|notice)(?:[.-].*)?$/i;

/**
 * The folders of the packages whose code is in the bundles, by esbuild's metafile.
 * @param {readonly import('esbuild').Metafile[]} metafiles
 * @returns {readonly string[]}
 */
function bundledPackages(metafiles) {
  const folders = metafiles
    .flatMap(({ outputs }) => Object.values(outputs))
    .flatMap(({ inputs }) => Object.entries(inputs))
    .filter(([, { bytesInOutput }]) => bytesInOutput > 0)
    .map(([path]) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/.exec(path)?.[0])
    .filter((folder) => folder !== undefined);
  return [...new Set(folders)].sort();
}

/**
 * What the licences of everything that ships ask to be shipped with it: their own texts. Fails if one cannot be found.
 * @param {readonly import('esbuild').Metafile[]} metafiles
 * @returns {Promise<string>}
 */
export async function thirdPartyNotices(metafiles) {
  const notices = await Promise.all([...bundledPackages(metafiles), compiledIn].map(noticeOf));
  const byText = Map.groupBy(notices, ({ text }) => text);
  const sections = [...byText].map(([text, of]) => `${of.map(({ title }) => title).join('\n')}\n\n${text}`);
  const head = 'Tea Chest ships code of these packages, each under its own licence.';
  return [head, ...sections].join(`\n\n${'='.repeat(80)}\n\n`);
}

async function noticeOf(folder) {
  const { name, version, license } = JSON.parse(await readFile(join(root, folder, 'package.json'), 'utf8'));
  const own = (await readdir(join(root, folder))).filter((file) => licenceFile.test(file)).sort();
  const files = own.length === 0 ? [licenceCopies[name]] : own.map((file) => join(folder, file));
  if (files.includes(undefined)) throw new Error(`The package ${name} ships no text of its licence (${license}).`);
  const texts = await Promise.all(files.map((file) => readFile(join(root, file), 'utf8')));
  return { title: `${name} ${version} (${license})`, text: texts.map((text) => text.trim()).join('\n\n') };
}
