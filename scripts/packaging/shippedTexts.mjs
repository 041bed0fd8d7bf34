import { readFile, mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const folder = fileURLToPath(new URL('../../l10n/', import.meta.url));
const englishFile = 'bundle.l10n.json';

/**
 * The texts of the code. Their keys repeat the English texts, which are longer than the translations' own part: what ships is
 * numbered by their order here, so that no key is needed.
 * @returns {Promise<{ numbers: ReadonlyMap<string, number>, english: readonly string[] }>}
 */
export async function readEnglish() {
  const texts = Object.entries(await readJson(englishFile));
  return {
    numbers: new Map(texts.map(([key], index) => [key, index])),
    english: texts.map(([, text]) => (typeof text === 'string' ? text : text.message)),
  };
}

/**
 * Writes the translations as lists, under the names by which VS Code finds them. A text without a translation is English.
 * @param {string} target
 */
export async function writeTranslations(target) {
  const { numbers, english } = await readEnglish();
  await mkdir(target, { recursive: true });
  for (const name of await readdir(folder)) {
    if (name === englishFile) continue;
    const translated = await readJson(name);
    const list = [...numbers].map(([key, index]) => translated[key] ?? english[index]);
    await writeFile(join(target, name), JSON.stringify(list));
  }
}

async function readJson(name) {
  return JSON.parse(await readFile(join(folder, name), 'utf8'));
}
