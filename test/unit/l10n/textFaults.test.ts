import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { differentTranslations, labelFaults } from '../../tools/translations/labelFaults.ts';
import { compareKeys } from '../../tools/translations/missingTexts.ts';
import { textFaults } from '../../tools/translations/textFaults.ts';

/** The only fault of a translation begins like this. */
function hasFault(beginning: string, ...texts: Parameters<typeof textFaults>): void {
  const faults = textFaults(...texts);
  assert.equal(faults.length, 1, JSON.stringify(faults));
  assert.ok(faults[0]?.startsWith(beginning), faults[0]);
}

suite('a translated text', () => {
  test('has no fault if it says the same in its language', () => {
    const english = '{0} refused “{1}” ([Show Log](command:teaChest.showLog)). Set `gzip`.';
    const translations = {
      de: '{0} hat „{1}“ abgelehnt ([Protokoll anzeigen](command:teaChest.showLog)). Stellen Sie `gzip` ein.',
      ja: '{0} が「{1}」を拒否しました ([ログを表示](command:teaChest.showLog))。`gzip` に設定してください。',
      'zh-cn': '{0} 拒绝了“{1}”（[显示日志](command:teaChest.showLog)）。请设置 `gzip`。',
    } as const;
    assert.deepEqual(textFaults('de', english, translations.de), []);
    assert.deepEqual(textFaults('ja', english, translations.ja), []);
    assert.deepEqual(textFaults('zh-cn', english, translations['zh-cn']), []);
  });

  test('keeps placeholders, icons, links, code and names of settings', () => {
    hasFault('its placeholders are {0} {0}', 'de', 'From {0} to {1}', 'Von {0} nach {0}');
    hasFault('its icons are none', 'de', '$(sync) Pushing', 'Wird übertragen');
    const link = ['[Show](command:teaChest.images.show)', '[Zeigen](command:teaChest.image.show)'] as const;
    assert.deepEqual(
      textFaults('de', ...link).map((fault) => fault.split(' are ')[0]),
      ['its link targets', 'its names of settings and commands'],
    );
    hasFault('its code spans are `Gzip`', 'de', 'Set `gzip`', 'Stellen Sie `Gzip` ein');
    hasFault('its names of settings', 'de', 'The setting teaChest.push', 'Die Einstellung Tee');
    hasFault('its bold marks', 'de', '**Kept**', 'Behalten');
  });

  test('has the lines, the blanks and the ends of lines that English has', () => {
    hasFault('it has 1 lines, and English has 2', 'de', 'One.\nTwo.', 'Eins. Zwei.');
    hasFault('it ends like “”, and English like “.”', 'de', 'Done.', 'Fertig');
    hasFault('it ends like “.”, and English like “”', 'ja', 'Push', 'プッシュ。');
    hasFault('it ends like “”, and English like “…”', 'zh-cn', 'Push…', '推送');
    hasFault('it ends with a blank', 'de', 'Push', 'Übertragen ');
    hasFault('it has two blanks', 'de', 'Push now', 'Jetzt  übertragen');
    assert.deepEqual(textFaults('zh-cn', 'Which?', '哪个？'), []);
  });

  test('is in the language', () => {
    hasFault('it is empty', 'de', 'Push', ' ');
    hasFault('it is the English text', 'de', 'Push the image', 'Push the image');
    hasFault('it has the English word “the”', 'de', 'Push the image', 'Übertrage the Image');
    hasFault('it has no character', 'ja', 'Push', 'Pusshu');
    assert.deepEqual(textFaults('ja', '{0} · Docker Desktop', '{0} · Docker Desktop'), [], 'only names');
    assert.deepEqual(textFaults('de', 'See “Kill VS Code of Host”', 'Siehe „Kill VS Code of Host“'), [], 'a label');
  });

  test('has the quotes and the punctuation of the language', () => {
    hasFault('German quotes', 'de', 'No “{0}”.', 'Kein „{0}“ (”).');
    hasFault('each „ has its “', 'de', 'No “{0}”.', 'Kein „{0}.');
    hasFault('the person is addressed', 'de', 'Is it yours?', 'Gehört es dir?');
    hasFault('Japanese quotes', 'ja', 'No “{0}”.', '“{0}”がありません。');
    hasFault('a sentence ends with 。', 'ja', 'No, it is not.', 'いいえ,違います。');
    hasFault('only words in katakana', 'ja', 'An image', 'この イメージ');
    assert.deepEqual(textFaults('ja', 'A local image', 'ローカル イメージ'), []);
    hasFault('letters and digits', 'ja', 'Image 1', 'イメージ１');
    hasFault('Chinese quotes', 'zh-cn', 'No “{0}”.', '没有「{0}」。');
    hasFault('Chinese punctuation', 'zh-cn', 'Image: {0}', '映像: {0}');
  });
});

suite('the texts of a language', () => {
  const label = { key: 'push', english: 'Push Several Images…', translated: 'Mehrere Images übertragen…' };

  test('mention a label as it is shown', () => {
    const text = { key: 'text', english: 'Run “Push Several Images…”.', translated: 'Führen Sie „Viele Images…“ aus.' };
    assert.deepEqual(labelFaults([label, text]), [
      '"text": it mentions “Push Several Images…”, which is shown as “Mehrere Images übertragen…”',
    ]);
    const right = { ...text, translated: 'Führen Sie „Mehrere Images übertragen…“ aus.' };
    assert.deepEqual(labelFaults([label, right]), []);
    const link = { ...label, english: '[Push Several Images…](command:x)', translated: '[Viele](command:x)' };
    assert.equal(labelFaults([label, link]).length, 1);
    const command = { key: 'x', english: '_Tea Chest: Push Several Images…_', translated: '_Tea Chest: Viele_' };
    assert.equal(labelFaults([label, command]).length, 1);
    const value = { key: 'all', english: 'all', translated: 'alle' };
    assert.deepEqual(labelFaults([value, { key: 'y', english: 'Or “all”.', translated: 'Oder „all“.' }]), []);
  });

  test('translate the same English in one way', () => {
    assert.deepEqual(differentTranslations([label, { ...label, key: 'other' }]), []);
    assert.deepEqual(differentTranslations([label, { ...label, translated: 'Viele' }]), [
      '“Push Several Images…” is “Mehrere Images übertragen…” and “Viele”',
    ]);
  });

  test('have the keys of the English ones', () => {
    assert.deepEqual(compareKeys({ a: 'A', b: 'B' }, { b: 'Be', c: 'Ce' }), { missing: ['a'], stale: ['c'] });
  });
});
