import { existsSync, globSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { projectRoot } from '../projectPaths.ts';

/** The languages that Tea Chest is translated into, by VS Code's names for them. A complete translation is listed here. */
export const languages: readonly Language[] = ['de', 'ja', 'zh-cn'];

/** Those that have rules for their texts. */
export const knownLanguages = ['de', 'ja', 'zh-cn'] as const;

export type Language = (typeof knownLanguages)[number];

/** Texts by key. */
export type Texts = Readonly<Record<string, string>>;

/** A translator's comment stands in the English bundle alone. */
type Bundle = Readonly<Record<string, string | { readonly message: string }>>;

/** What is translated: the texts of the code, those of package.json, and the pages of the walkthrough. */
export const textSources = ['code', 'manifest', 'walkthrough'] as const;

export type TextSource = (typeof textSources)[number];

/** The file of these texts; without a language, the English one. The walkthrough has several. */
export function textFile(source: Exclude<TextSource, 'walkthrough'>, language?: Language): string {
  const suffix = language === undefined ? '' : `.${language}`;
  return source === 'code' ? `l10n/bundle.l10n${suffix}.json` : `package.nls${suffix}.json`;
}

/** The texts of a language, or the English ones. No text if the file is not there. */
export function readTexts(source: TextSource, language?: Language): Texts {
  if (source === 'walkthrough') return readWalkthrough(language);
  const file = join(projectRoot, textFile(source, language));
  if (!existsSync(file)) return {};
  const bundle = JSON.parse(readFileSync(file, 'utf8')) as Bundle;
  return Object.fromEntries(
    Object.entries(bundle).map(([key, text]) => [key, typeof text === 'string' ? text : text.message]),
  );
}

/** VS Code shows `<step>.nls.<language>.md` in place of `<step>.md`, if it is there. The keys are the names of the steps. */
function readWalkthrough(language: Language | undefined): Texts {
  const ending = language === undefined ? '.md' : `.nls.${language}.md`;
  const files = globSync(`media/walkthrough/*${ending}`, { cwd: projectRoot });
  const ofLanguage = files.filter((file) => language !== undefined || !file.includes('.nls.'));
  return Object.fromEntries(
    ofLanguage.map((file) => [basename(file, ending), unwrapped(readFileSync(join(projectRoot, file), 'utf8'))]),
  );
}

/** Each paragraph and each item of a list in one line, as Markdown shows it. */
function unwrapped(markdown: string): string {
  return markdown.replace(/\n *(?!\n|- |#|\s|$)/g, (found, at: number) => (markdown[at - 1] === '\n' ? found : ' '));
}
