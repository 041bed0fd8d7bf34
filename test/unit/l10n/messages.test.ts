import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { manifestTexts, rawManifest, textKey } from '../../tools/extensionManifest.ts';
import { projectRoot } from '../../tools/projectPaths.ts';
import { messagesOfSource } from '../../tools/sourceTexts.ts';
import { languages, readTexts } from '../../tools/translations/languages.ts';
import { missingTexts } from '../../tools/translations/missingTexts.ts';
import { translationFaults } from '../../tools/translations/translationFaults.ts';
import { unchangedTexts } from '../../tools/translations/unchangedTexts.ts';

/** Properties of package.json that VS Code shows. */
const shown = new Set([
  ...['displayName', 'description', 'markdownDescription', 'title', 'contextualTitle', 'name', 'category', 'contents'],
  ...['userDescription', 'enumDescriptions', 'markdownEnumDescriptions', 'shortTitle', 'label', 'deprecationMessage'],
]);

interface Found {
  /** The properties on the way to the text. */
  readonly path: readonly string[];
  readonly text: string;
}

function* textsIn(value: unknown, path: readonly string[] = []): Generator<Found> {
  if (typeof value === 'string') yield { path, text: value };
  if (typeof value !== 'object' || value === null) return;
  for (const [key, item] of Object.entries(value)) yield* textsIn(item, [...path, key]);
}

const manifest = rawManifest() as Readonly<Record<string, unknown>>;
const found = ['displayName', 'description', 'capabilities', 'contributes'].flatMap((name) => [
  ...textsIn(manifest[name], [name]),
]);

/** A language model reads these, in English. */
const isForModels = ({ path }: Found): boolean => path.includes('languageModelTools') && path.includes('inputSchema');

/** The name of a tool, not its text. */
const isToolName = ({ path }: Found): boolean => path[1] === 'languageModelTools' && path.at(-1) === 'name';

suite('the texts of package.json', () => {
  test('stand in package.nls.json, all of them and no others', () => {
    const keys = found.flatMap(({ text }) => textKey(text) ?? []);
    assert.deepEqual(keys.toSorted(), Object.keys(manifestTexts()).toSorted());
  });

  test('are placeholders wherever VS Code shows them, unless they are our name', () => {
    const plain = found.filter(
      (item) =>
        item.path.some((name) => shown.has(name)) &&
        textKey(item.text) === undefined &&
        !isForModels(item) &&
        !isToolName(item),
    );
    assert.deepEqual([...new Set(plain.map(({ text }) => text))], ['Tea Chest']);
  });
});

test('the English bundle is what the source asks for: npm run messages writes it', async () => {
  const file = join(projectRoot, 'l10n', 'bundle.l10n.json');
  assert.deepEqual(JSON.parse(readFileSync(file, 'utf8')), await messagesOfSource());
});

test('no English text begins or ends with a blank: whole texts are joined, and not parts of sentences', () => {
  const texts = (['code', 'manifest'] as const).flatMap((source) => Object.values(readTexts(source)));
  assert.deepEqual(
    texts.filter((text) => text.trim() !== text),
    [],
  );
});

test('every language that has a file is complete, or its file would be shipped unchecked', () => {
  const files = globSync(['l10n/bundle.l10n.*.json', 'package.nls.*.json', 'media/walkthrough/*.nls.*.md'], {
    cwd: projectRoot,
  });
  const named = files.map((file) => /\.(?:l10n|nls)\.([\w-]+)\.\w+$/.exec(file)?.[1]);
  assert.deepEqual([...new Set(named)].sort(), [...languages].sort());
});

for (const language of languages) {
  suite(`the texts in ${language}`, () => {
    test('are there, all of them and no others', () => {
      assert.deepEqual(missingTexts(language), []);
    });

    test('keep what the code reads in them, and follow the rules of the language', () => {
      assert.deepEqual(translationFaults(language), []);
    });

    test('are the same as in English only where a listed text is one', () => {
      const unchanged = (['code', 'manifest'] as const).flatMap((source) => {
        const translated = readTexts(source, language);
        return Object.entries(readTexts(source)).flatMap(([key, text]) => (translated[key] === text ? [text] : []));
      });
      for (const text of unchangedTexts(language)) assert.ok(unchanged.includes(text), `“${text}” is listed`);
    });
  });
}
