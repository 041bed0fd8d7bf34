import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { getL10nJson } from '@vscode/l10n-dev';
import { projectRoot } from './projectPaths.ts';

/** Source files that may have texts for a person. */
export function sourceFiles(): readonly string[] {
  return globSync('src/**/*.ts', { cwd: projectRoot }).sort();
}

/** The texts that our code asks of the bundle, as `l10n/bundle.l10n.json` has them; sorted. */
export async function messagesOfSource(): Promise<Readonly<Record<string, unknown>>> {
  const sources = sourceFiles().map((file) => ({
    extension: '.ts' as const,
    contents: readFileSync(join(projectRoot, file), 'utf8'),
  }));
  const messages = await getL10nJson(sources);
  return Object.fromEntries(Object.entries(messages).sort(([a], [b]) => (a < b ? -1 : 1)));
}
