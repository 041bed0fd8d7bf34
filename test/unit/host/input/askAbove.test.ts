import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { inputAsking, said, useFakeVscode, type QuickInput } from '../support/fakeVscode.ts';

useFakeVscode();
const { askAbove } = await import('../../../../src/host/input/askAbove.ts');
const { askText } = await import('../../../../src/host/input/prompts.ts');
const { Navigation } = await import('../../../../src/host/input/runSteps.ts');

const position = { title: 'Sign In', step: 1, totalSteps: 2 };

/** VS Code hides the prompt for another input. */
function hide(prompt: QuickInput): void {
  prompt.isShown = false;
  prompt.leave();
}

suite('a prompt above which something else is asked', () => {
  test('is hidden for it, shown again with what is wrong, and can be answered then', async () => {
    const answers = [Promise.withResolvers<string | undefined>(), Promise.withResolvers<string | undefined>()];
    let asked = 0;
    const accept = (): Promise<string | undefined> =>
      askAbove(() => answers[asked++]?.promise ?? assert.fail('asked too often'));
    const answered = askText(position, { prompt: 'Address', judge: () => ({}), accept });
    const prompt = await inputAsking(/Address/);
    prompt.type('h');
    for (const { resolve } of answers) {
      prompt.enter();
      hide(prompt);
      resolve(asked === 1 ? 'No file was chosen.' : undefined);
      if (asked === 1) assert.equal(await said(prompt), 'No file was chosen.');
      if (asked === 1) assert.ok((await inputAsking(/Address/)).isShown);
    }
    assert.equal(await answered, 'h');
    assert.equal(prompt.isShown, false, 'an answered prompt is not shown again');
  });

  test('is closed by the person at any other time', async () => {
    await askAbove(() => Promise.resolve());
    const answered = askText(position, { prompt: 'User', judge: () => ({}) });
    (await inputAsking(/User/)).leave();
    await assert.rejects(answered, Navigation);
  });
});
