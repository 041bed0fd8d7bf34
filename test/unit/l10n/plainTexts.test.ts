import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { sourceFiles } from '../../tools/sourceTexts.ts';
import { exemptionOf, exemptions } from './plainTextExemptions.ts';
import { plainTexts } from './plainTexts.ts';

const found = sourceFiles().flatMap((file) => plainTexts(file));

suite('the texts of the source', () => {
  test('are in the bundle, all that a person reads', () => {
    const plain = found.filter((one) => exemptionOf(one) === undefined);
    assert.deepEqual(
      plain.map(({ file, line, text }) => `${file}:${line}: ${text}`),
      [],
    );
  });

  test('have no exemption that is not needed', () => {
    const needed = new Set(found.map((one) => exemptionOf(one)));
    assert.deepEqual(
      exemptions.filter((one) => !needed.has(one)).map(({ at, reason }) => `${at}: ${reason}`),
      [],
    );
  });
});

/** What is found in this source. */
function foundIn(source: string): readonly string[] {
  return plainTexts('sample.ts', source).map(({ text }) => text);
}

suite('a plain text is found', () => {
  test('if it has two words, wherever it stands', () => {
    assert.deepEqual(foundIn('export const a = "The engine is gone";'), ['The engine is gone']);
    assert.deepEqual(foundIn('say(`${n} images`);'), ['{} images']);
    assert.deepEqual(foundIn('throw new TeaChestError("engineLost", `It stopped: ${why}`, { facts });'), [
      'It stopped: {}',
    ]);
  });

  test('if it is one word that begins like a label', () => {
    assert.deepEqual(foundIn('confirm(question, "Push"); const tabs = { layers: "Layers…" };'), ['Push', 'Layers…']);
    assert.deepEqual(foundIn('switch (status) { case "Pushing": count("pushed"); }'), []);
  });

  test('if it has one word, where VS Code shows it', () => {
    assert.deepEqual(foundIn('vscode.window.showErrorMessage(text, "Retry");'), ['Retry']);
    assert.deepEqual(foundIn('ask({ placeHolder: "Image", value: "app" });'), ['Image']);
    assert.deepEqual(foundIn('const a = new vscode.TreeItem(known ? name : "Unknown");'), ['Unknown']);
    assert.deepEqual(foundIn('item.tooltip = name ?? "Unnamed";'), ['Unnamed']);
    assert.deepEqual(foundIn('cell.textContent = "Layer";'), ['Layer']);
    assert.deepEqual(foundIn('throw new TeaChestError("cancelled", "Cancelled.");'), ['Cancelled.']);
  });

  test('inside a text of the bundle, where a translation could not inflect it', () => {
    assert.deepEqual(foundIn('l10n.t`${n} image${n === 1 ? "" : "s"}`;'), ['s']);
    assert.deepEqual(foundIn('l10n.t`It ${many ? "are" : "is"} there`;'), ['are', 'is']);
    assert.deepEqual(foundIn('l10n.t("It is {0}", `not ${what}`);'), ['not {}']);
    assert.deepEqual(foundIn('l10n.t({ message: "A {0}", args: ["big image"], comment: "Of a tag" });'), ['big image']);
  });

  test('if the bundle cannot have it, because it is computed', () => {
    assert.deepEqual(foundIn('l10n.t(text);'), ['l10n.t(text)']);
    assert.deepEqual(foundIn('l10n.t(`${n} images`);'), ['l10n.t(`${n} images`)']);
    assert.deepEqual(foundIn('l10n.t("One " + "image");'), ['l10n.t("One " + "image")']);
  });

  test('but not in the bundle, in the log, in comparisons, or if it is a name', () => {
    assert.deepEqual(foundIn('l10n.t("The engine is gone"); l10n.t`${n} images`;'), []);
    assert.deepEqual(foundIn('l10n.t({ message: "The engine is gone", comment: ["A whole sentence"] });'), []);
    assert.deepEqual(foundIn('logger.info(`The engine is ${state}`); throw new Error("No such state");'), []);
    assert.deepEqual(foundIn('if (text === "not found" || text.includes("no such image")) stop("engineLost");'), []);
    assert.deepEqual(foundIn('import { a } from "./a b.ts"; type Word = "two words"; const x = "oneWord";'), []);
  });
});
