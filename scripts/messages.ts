// npm run messages: writes l10n/bundle.l10n.json, the English texts for the translators, from the calls of l10n.t in src, and
// removes from the translations the texts that English has no more.
// --missing LANGUAGE lists the texts that a translation lacks, --faults LANGUAGE what is wrong with those that it has; both
// write nothing, and exit with 1 if they found something.
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { format, resolveConfig } from 'prettier';
import { projectRoot } from '../test/tools/projectPaths.ts';
import { messagesOfSource } from '../test/tools/sourceTexts.ts';
import { knownLanguages, readTexts, textFile, type Language } from '../test/tools/translations/languages.ts';
import { compareKeys, missingTexts } from '../test/tools/translations/missingTexts.ts';
import { translationFaults } from '../test/tools/translations/translationFaults.ts';

const { values } = parseArgs({ options: { missing: { type: 'string' }, faults: { type: 'string' } } });
if (values.missing !== undefined) print(missingTexts(languageOf(values.missing)));
else if (values.faults !== undefined) print(translationFaults(languageOf(values.faults)));
else await update();

function languageOf(name: string): Language {
  const language = knownLanguages.find((known) => known === name);
  if (language === undefined) throw new Error(`“${name}” is none of ${knownLanguages.join(', ')}.`);
  return language;
}

function print(lines: readonly string[]): void {
  for (const line of lines) console.log(line);
  console.log(`${lines.length} in all`);
  if (lines.length > 0) process.exitCode = 1;
}

async function update(): Promise<void> {
  const messages = await messagesOfSource();
  await write(textFile('code'), messages);
  console.log(`${Object.keys(messages).length} texts`);
  for (const language of knownLanguages) await removeStale(language);
}

async function removeStale(language: Language): Promise<void> {
  for (const source of ['code', 'manifest'] as const) {
    const file = textFile(source, language);
    if (!existsSync(join(projectRoot, file))) continue;
    const { stale } = compareKeys(readTexts(source), readTexts(source, language));
    if (stale.length === 0) continue;
    const texts = JSON.parse(await readFile(join(projectRoot, file), 'utf8')) as Record<string, unknown>;
    await write(file, Object.fromEntries(Object.entries(texts).filter(([key]) => !stale.includes(key))));
    console.log(`${file}: ${stale.length} texts removed`);
  }
}

async function write(file: string, texts: Readonly<Record<string, unknown>>): Promise<void> {
  const path = join(projectRoot, file);
  await mkdir(dirname(path), { recursive: true });
  const options = await resolveConfig(path);
  await writeFile(path, await format(JSON.stringify(texts), { ...options, parser: 'json' }));
}
