import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { getL10nJson } from '@vscode/l10n-dev';
import { projectRoot } from './projectPaths.ts';

/** Source files that may have texts for a person. */
export function sourceFiles(): readonly string[] {
  return globSync('src/**/*.ts', { cwd: projectRoot }).sort();
}

const importLine = "import * as l10n from '@vscode/l10n';";

/** The texts that our code asks of the bundle, as `l10n/bundle.l10n.json` has them; sorted. */
export async function messagesOfSource(): Promise<Readonly<Record<string, unknown>>> {
  const sources = sourceFiles().map((file) => withoutImport(file, readFileSync(join(projectRoot, file), 'utf8')));
  // l10n-dev compiles its queries for each file and each import, which takes most of its time: one file has all our code.
  const messages = await getL10nJson([{ extension: '.ts', contents: [importLine, ...sources].join('\n') }]);
  return Object.fromEntries(Object.entries(messages).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function withoutImport(file: string, contents: string): string {
  const rest = contents.replace(importLine, '');
  if (rest.includes("from '@vscode/l10n'"))
    throw new Error(`${file} imports @vscode/l10n otherwise than: ${importLine}`);
  return rest;
}
