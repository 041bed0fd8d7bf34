import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot } from './projectPaths.ts';

type Texts = Readonly<Record<string, string>>;

/** package.json as VS Code reads it in English: each `%key%` is replaced by its text from package.nls.json. */
export function extensionManifest(): unknown {
  return withTexts(rawManifest(), manifestTexts());
}

/** package.json as it is written. */
export function rawManifest(): unknown {
  return JSON.parse(readFileSync(join(projectRoot, 'package.json'), 'utf8'));
}

/** The texts of package.nls.json by key. */
export function manifestTexts(): Texts {
  return JSON.parse(readFileSync(join(projectRoot, 'package.nls.json'), 'utf8')) as Texts;
}

/** The key, if the whole string is a placeholder for a text. */
export function textKey(text: string): string | undefined {
  return /^%([\w.-]+)%$/.exec(text)?.[1];
}

function withTexts(value: unknown, texts: Texts): unknown {
  if (typeof value === 'string') return texts[textKey(value) ?? ''] ?? value;
  if (Array.isArray(value)) return value.map((item) => withTexts(item, texts));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, withTexts(item, texts)]));
}
