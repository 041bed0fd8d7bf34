import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { takeShown, useFakeVscode } from '../support/fakeVscode.ts';

useFakeVscode();
const { showError } = await import('../../../../src/host/display/messages.ts');

const link = { title: 'More About This', command: 'teaChest.showTroubleshooting', argument: 'registryRefused' };
const markup = ' [More About This](command:teaChest.showTroubleshooting?%22registryRefused%22)';

async function textOf(message: string): Promise<string> {
  takeShown();
  void showError(message, [], link);
  await Promise.resolve();
  return takeShown()[0]?.text ?? assert.fail('nothing was shown');
}

suite('the link of an error message', () => {
  test('is ours; a link in the message itself stays text', async () => {
    const text = await textOf('The registry said “[win](command:workbench.action.quit)”.');
    assert.equal(text, `The registry said “[win] (command:workbench.action.quit)”.${markup}`);
  });

  test('is not cut off where VS Code shortens a long message', async () => {
    const text = await textOf('x'.repeat(5000));
    assert.ok(text.endsWith(markup));
    assert.ok(text.length <= 1000, `${text.length} characters`);
  });
});
