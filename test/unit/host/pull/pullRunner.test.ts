import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { TeaChestError } from '../../../../src/core/base/errors.ts';
import type { RegistryContents } from '../../../../src/core/gitea/browse/registryContents.ts';
import { EngineLink } from '../../../../src/host/engine/engine.ts';
import type { PullJob } from '../../../../src/host/pull/pullJob.ts';
import { PulledImages } from '../../../../src/host/pull/pulledImages.ts';
import { PullRunner } from '../../../../src/host/pull/pullRunner.ts';
import { startFakeGitea } from '../../../fakeGitea/fakeGitea.ts';
import { silentLogger } from '../../../tools/silentLogger.ts';
import { pushImage } from '../../gitea/pushContent.ts';
import { clientFor, dev, never } from '../../gitea/testClient.ts';
import { FakePuller } from '../../pull/fakePuller.ts';
import { listingEngine } from '../engine/listingEngine.ts';
import { connectionTo, memento } from '../support/hostFakes.ts';

/** A runner of pulls from a fake Gitea with `dev/app:1` and `dev/app:2`, whose engine gets archives. */
async function runnerOn(t: { after(work: () => unknown): void }) {
  const gitea = await startFakeGitea();
  const client = clientFor(gitea.url, { credential: dev });
  t.after(async () => {
    await client.close();
    await gitea.close();
  });
  await pushImage(client, 'dev/app', ['1', '2']);
  const puller = new FakePuller();
  const engine = { ...listingEngine(() => Promise.resolve([])), puller: () => puller };
  const contents = { open: (name: string) => client.repository(name, { signal: never }) };
  const state = memento();
  const [pulled, otherWindow] = [new PulledImages(state, silentLogger), new PulledImages(state, silentLogger)];
  const runner = new PullRunner({
    link: new EngineLink(() => Promise.resolve(engine)),
    relay: { pullParts: () => Promise.resolve(undefined), ended: () => undefined },
    access: { contents: () => Promise.resolve(contents as unknown as RegistryContents) },
    store: { credential: () => Promise.resolve(dev) },
    ...{ pulled, logger: silentLogger },
  });
  const connection = connectionTo(gitea.origin);
  const jobOf = (tag: string): PullJob => ({
    connection,
    reference: { host: gitea.host, repository: 'dev/app', tag },
  });
  const pull = (tag: string) =>
    runner.run(jobOf(tag), { signal: never, mayMoveTag: () => assert.fail('no tag is moved') });
  return {
    runner,
    otherWindow,
    puller,
    pull,
    origin: gitea.origin,
    name: (tag: string) => `${gitea.host}/dev/app:${tag}`,
  };
}

suite('the runner of pulls', () => {
  test('notes for all windows which names its pulls give, from their beginning, so that no build is seen in them', async (t) => {
    const { otherWindow, pull, name } = await runnerOn(t);
    const running = pull('1');
    assert.deepEqual([...otherWindow.names()], [[name('1'), undefined]]);
    const { id } = await running;
    assert.deepEqual([...otherWindow.names()], [[name('1'), id]]);
    await assert.rejects(pull('missing'));
    assert.deepEqual([...otherWindow.names()], [[name('1'), id]]);
  });

  test('begins no pull after the window has closed, when several were asked for', async (t) => {
    const { runner, puller, pull } = await runnerOn(t);
    const isClosed = (error: unknown): boolean =>
      error instanceof TeaChestError && error.code === 'cancelled' && error.message.startsWith('The window closed');
    const first = assert.rejects(pull('1'), isClosed);
    await runner.stop();
    await first;
    await assert.rejects(pull('2'), isClosed);
    assert.deepEqual([puller.calls, [...puller.images]], [[], []]);
  });

  test('pulls again after a sign-out that has stopped a pull', async (t) => {
    const { runner, pull, origin } = await runnerOn(t);
    const first = assert.rejects(pull('1'), /You signed out of/);
    await runner.stop(origin);
    await first;
    assert.equal((await pull('2')).way, 'archive');
  });
});
