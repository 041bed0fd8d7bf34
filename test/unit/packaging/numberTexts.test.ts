import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { numberTexts } from '../../../scripts/packaging/numberTexts.mjs';
import { readEnglish } from '../../../scripts/packaging/shippedTexts.mjs';
import { projectRoot } from '../../tools/projectPaths.ts';
import { sourceFiles } from '../../tools/sourceTexts.ts';

const numbers = new Map([
  ['Pushed.', 0],
  ['{0} of {1} in {2}', 1],
  ['{host} refused to {attempt}/One. Two.', 2],
  ['in {0}', 3],
]);

suite('the English texts of a source file', () => {
  test('become numbers, and keep what is inserted', () => {
    const numbered = (source: string): string => numberTexts(source, numbers);
    assert.equal(numbered('l10n.t`Pushed.`'), 'l10n.t("0")');
    assert.equal(numbered("l10n.t('Pushed.')"), 'l10n.t("0")');
    assert.equal(numbered("l10n.t('{0} of {1} in {2}', a, b, c)"), 'l10n.t("1", a, b, c)');
    assert.equal(numbered('l10n.t`${a} of ${f(b, 1)} in ${c}`'), 'l10n.t("1", a, f(b, 1), c)');
    assert.equal(numbered('l10n.t`${a} of ${b} in ${l10n.t`in ${c}`}`'), 'l10n.t("1", a, b, l10n.t("3", c))');
  });

  test('lose the comment for the translator', () => {
    const source =
      "l10n.t({ message: '{host} refused to {attempt}', args: { host, attempt }, comment: ['One. ', 'Two.'] })";
    const expected = 'l10n.t({ message: "2", args: { host, attempt }, comment: undefined })';
    assert.equal(numberTexts(source, numbers), expected);
  });

  test('stay as they are if they have no number', () => {
    const source = "l10n.t`A new text of ${a}`; l10n.t('Another.'); l10n.t({ message: 'x', comment: 'y' }); t`Pushed.`";
    assert.equal(numberTexts(source, numbers), source);
  });

  test('leave each line where it is', () => {
    const source = "l10n.t({\n  message: 'in {0}',\n  args: [a],\n});\nl10n.t(\n  'Pushed.',\n);\nlast()";
    assert.equal(numberTexts(source, numbers).split('\n').indexOf('last()'), source.split('\n').indexOf('last()'));
  });
});

test('every text of our code has a number, and every number is used', async () => {
  const { numbers: all } = await readEnglish();
  const used = sourceFiles().flatMap((file) => {
    const code = numberTexts(readFileSync(join(projectRoot, file), 'utf8'), all);
    assert.doesNotMatch(code, /l10n\.t`|l10n\.t\(\s*'/, file);
    return [...code.matchAll(/(?:l10n\.t\(|message:)\s*"(\d+)"/g)].map(([, number]) => Number(number));
  });
  assert.deepEqual(
    [...new Set(used)].sort((one, other) => one - other),
    [...all.values()],
  );
});
