import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { Uri } from 'vscode';
import type { PushStart } from '../../../../src/host/push/pushAnswers.ts';
import { startFakeGitea } from '../../../fakeGitea/fakeGitea.ts';
import { inputAsking, press, takeShown, useFakeVscode } from '../support/fakeVscode.ts';
import { buildHost, connectionTo, dev } from '../support/hostFakes.ts';

useFakeVscode();
const { LinkHandler } = await import('../../../../src/host/automation/linkHandler.ts');

function handlerFor(t: { after(work: () => void): void }) {
  const { store, signingIn } = buildHost(t);
  const dialogs: PushStart[] = [];
  const handler = new LinkHandler({
    ...{ ...signingIn, store },
    push: {
      askAndPush: (start) => {
        dialogs.push(start ?? {});
        return Promise.resolve(undefined);
      },
    },
  });
  const follow = (path: string, query: string): Promise<void> => handler.handleUri({ path, query } as unknown as Uri);
  takeShown();
  return { store, dialogs, follow };
}

suite('a followed link', () => {
  test('opens the push dialog with its answers after the person has agreed, and pushes nothing itself', async (t) => {
    const { store, dialogs, follow } = handlerFor(t);
    const connection = connectionTo('https://gitea.test');
    await store.save(connection, dev);
    await follow('/push', 'image=app:1&target=gitea.test/Dev/app:1');
    assert.deepEqual(dialogs, [], 'the person closed the question');
    const [question] = takeShown();
    assert.equal(question?.text, 'A link wants you to push app:1 to gitea.test/Dev/app:1. Go on?');
    press('Go On');
    await follow('/push', 'image=app:1&target=gitea.test/Dev/app:1');
    const target = { host: 'gitea.test', repository: 'dev/app', tag: '1' };
    assert.deepEqual(dialogs, [{ image: 'app:1', edit: { connection, target } }]);
    press('Go On');
    await follow('/push', 'image=app');
    assert.deepEqual(dialogs[1], { image: 'app:latest' });
  });

  test('opens the sign-in for its address, and shows the host before', async (t) => {
    const gitea = await startFakeGitea();
    t.after(() => gitea.close());
    const { follow } = handlerFor(t);
    await follow('/sign-in', `url=${gitea.origin}`);
    const shown = takeShown();
    assert.equal(shown[0]?.text, `A link wants you to sign in to ${gitea.host}. Go on?`);
    assert.ok(
      shown.every(({ element }) => element.startsWith('warning')),
      'the person closed the question',
    );
    press('Go On');
    const signingIn = follow('/sign-in', `url=${gitea.origin}`);
    const address = await inputAsking(/[Aa]ddress|registry/);
    assert.equal(address.value, gitea.origin);
    address.leave();
    await signingIn;
  });

  test('with a secret is not followed, and the person reads why', async (t) => {
    const { follow, dialogs } = handlerFor(t);
    await follow('/sign-in', 'url=https://gitea.test&token=s3cret');
    const shown = takeShown();
    assert.deepEqual(
      shown.map(({ element }) => element),
      ['error'],
    );
    assert.match(
      shown[0]?.text ?? '',
      /has a secret in it, so it was not followed.* \[More About This\]\(command:.*argumentInvalid/,
    );
    assert.deepEqual(dialogs, []);
  });
});
