import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { TeaChestError } from '../../../../src/core/base/errors.ts';
import type { ImageOutcome } from '../../../../src/core/push/imagesEvents.ts';
import type { PushRule } from '../../../../src/host/automation/pushOnBuild/pushRule.ts';
import { EngineLink, type Engine } from '../../../../src/host/engine/engine.ts';
import type { PushJob } from '../../../../src/host/push/pushJob.ts';
import type { PushRunner } from '../../../../src/host/push/pushRunner.ts';
import { findByHost } from '../../../../src/host/connections/findByHost.ts';
import { formatTarget } from '../../../../src/host/targets/target.ts';
import { engineImage } from '../../../tools/engineImage.ts';
import { silentLogger } from '../../../tools/silentLogger.ts';
import { listingEngine, untilAborted } from '../engine/listingEngine.ts';
import { press, takeShown, useFakeVscode, type Shown } from '../support/fakeVscode.ts';
import { connectionTo, memento } from '../support/hostFakes.ts';

useFakeVscode();
const { PushOnBuild } = await import('../../../../src/host/automation/pushOnBuild/pushOnBuild.ts');
const { withListener } = await import('../../../../src/composition/engineChoice.ts');
const { BuildConsent } = await import('../../../../src/host/automation/pushOnBuild/buildConsent.ts');

const idOf = (content: string): string => `sha256:${Buffer.from(content).toString('hex').padEnd(64, '0')}`;

/** An engine whose names a test changes, with the events that it sends. */
function buildingEngine(names: Readonly<Record<string, string>>) {
  const tags = new Map(Object.entries(names));
  const waiting: ((event: { action: string; image?: string }) => void)[] = [];
  let lists = 0;
  let failures = 0;
  const engine = {
    ...listingEngine(() => {
      lists++;
      if (failures-- > 0) return Promise.reject(new TeaChestError('engineFailed', 'it starts'));
      return Promise.resolve(
        [...tags].map(([reference, content]) => engineImage({ id: idOf(content), references: [reference] })),
      );
    }),
    events: async function* ({ signal }: { readonly signal: AbortSignal }) {
      yield { action: 'connected' };
      for (;;) {
        const { promise, resolve } = Promise.withResolvers<{ action: string; image?: string }>();
        waiting.push(resolve);
        const event = await Promise.race([promise, untilAborted(signal)]);
        if (event.action === 'end') return;
        yield event;
      }
    },
  };
  const send = async (action: string, image?: string): Promise<void> => {
    while (waiting.length === 0) await setImmediate();
    waiting.shift()?.({ action, ...(image !== undefined && { image }) });
  };
  const failLists = (count: number): void => {
    failures = count;
  };
  return { engine, tags, send, lists: () => lists, failLists };
}

const connection = connectionTo('https://gitea.test');
const usualRules: readonly PushRule[] = [{ reference: 'app:*', target: 'gitea.test/dev' }];

/** Push on build with an engine that has `app:1` already. Each push waits until the test ends it. */
async function pushingOn(t: { after(work: () => void): void }, rules = usualRules, isPublic = false) {
  const building = buildingEngine({ 'app:1': 'old', 'tool:1': 'old' });
  const consent = new BuildConsent(memento(), { isPublic: () => Promise.resolve(isPublic) });
  const running: { readonly job: PushJob; end(outcome?: ImageOutcome): void }[] = [];
  let current = rules;
  let engine: Engine = building.engine;
  let whenFree: PushRunner['whenFree'] = () => Promise.resolve();
  const pulled = new Map<string, string | undefined>();
  const link = new EngineLink(() => Promise.resolve(engine));
  const pushOnBuild = new PushOnBuild({
    link,
    pulledNames: () => pulled,
    consent,
    rules: () => current,
    logger: silentLogger,
    wait: (_ms, signal) => (signal?.aborted === true ? untilAborted(signal) : setImmediate()),
    store: { findByHost: (host) => findByHost([connection], host) },
    memory: { last: () => undefined },
    linkOffers: { isAutomatic: false, find: () => Promise.resolve(undefined), link: () => Promise.resolve() },
    onPushed: () => undefined,
    runner: {
      whenFree: (target, signal) => whenFree(target, signal),
      runAll: async ([job]) => {
        assert.ok(job);
        const { promise, resolve } = Promise.withResolvers<ImageOutcome>();
        const result = { reference: formatTarget(job.target), notices: [] as readonly string[] } as Extract<
          ImageOutcome,
          { kind: 'pushed' }
        >['result'];
        running.push({
          job,
          end: (outcome = { kind: 'pushed', result, image: { identity: 'sha256:0', createdAt: undefined } }) => {
            resolve(outcome);
          },
        });
        return [await promise];
      },
    },
  });
  t.after(() => {
    pushOnBuild.dispose();
  });
  const until = async (isSo: () => boolean): Promise<void> => {
    while (!isSo()) await setImmediate();
  };
  const setRules = (changed: readonly PushRule[]): void => {
    current = changed;
    pushOnBuild.update();
  };
  if (rules.length > 0) await until(() => building.lists() > 0);
  takeShown();
  const build = async (reference: string, content: string, action = 'tag'): Promise<void> => {
    building.tags.set(reference, content);
    await building.send(action, idOf(content));
  };
  /** Lets everything happen that would happen. */
  const settle = async (): Promise<void> => {
    const before = building.lists();
    await building.send('untag');
    await until(() => building.lists() > before);
    for (let turns = 0; turns < 20; turns++) await setImmediate();
  };
  const setEngine = (other: Engine): void => {
    engine = other;
  };
  /** While another push goes to the tag. */
  const occupy = (): { readonly free: () => void; readonly asked: readonly string[] } => {
    const { promise, resolve } = Promise.withResolvers<undefined>();
    const asked: string[] = [];
    whenFree = async (target, signal) => {
      asked.push(target);
      await Promise.race([promise, untilAborted(signal)]);
    };
    const free = (): void => {
      resolve(undefined);
    };
    return { free, asked };
  };
  const host = { pushOnBuild, consent, pulled, link };
  return { ...building, ...host, running, until, build, settle, setRules, setEngine, occupy };
}

suite('push on build', () => {
  test('asks with what will happen, and “Always” is asked once', async (t) => {
    const { running, until, build, consent } = await pushingOn(t);
    press('Always');
    await build('app:1', 'new');
    await until(() => running.length === 1);
    const questions = takeShown().filter(({ element }) => element === 'information');
    assert.equal(questions.length, 1);
    assert.match(
      questions[0]?.text ?? '',
      /^app:1 was built, and the setting teaChest\.pushOnBuild matches it by “app:\*”\. Push it to gitea\.test\/dev\/app:1\?/,
    );
    const [first] = running;
    assert.ok(first);
    assert.equal(formatTarget(first.job.target), 'gitea.test/dev/app:1');
    assert.equal(first.job.isUnattended, true);
    first.end();
    await build('app:2', 'newer');
    await until(() => running.length === 2);
    assert.deepEqual(
      takeShown().filter(({ element }) => element === 'information'),
      [],
    );
    await consent.reset();
    running[1]?.end();
    await build('app:3', 'newest');
    await until(() => takeShown().some(({ element }) => element === 'information'));
  });

  test('says in its question that everybody can pull what is pushed to a public owner', async (t) => {
    for (const isPublic of [true, false]) {
      const { build, until } = await pushingOn(t, usualRules, isPublic);
      await build('app:1', 'new');
      let question = '';
      await until(() => (question += takeShown().find(({ element }) => element === 'information')?.text ?? '') !== '');
      assert.equal(
        question.includes(' Everybody who can reach the registry can pull gitea.test/dev/app:1: '),
        isPublic,
      );
    }
  });

  test('pushes nothing that was there before, does not match, was pulled, or has the name of a running push', async (t) => {
    const { running, build, send, settle, until } = await pushingOn(t);
    press('Always');
    await build('tool:1', 'new');
    await settle();
    await build(`127.0.0.1:5000/tea-chest/${'a'.repeat(24)}/1:push-1-2-3-00000000${'b'.repeat(8)}`, 'old');
    await settle();
    await send('pull', 'app:2');
    await build('app:2', 'pulled');
    await settle();
    assert.deepEqual(running, []);
    await build('app:1', 'new');
    await until(() => running.length === 1);
  });

  test('pushes nothing that Tea Chest has pulled, or that was pulled by its digest, until it is built here', async (t) => {
    const rules = [{ reference: 'gitea.test/dev/**' }];
    const { running, build, send, settle, until, pulled } = await pushingOn(t, rules);
    press('Always');
    // Our pulls through the endpoint and by an archive end with a name, as a build does.
    pulled.set('gitea.test/dev/app:1', undefined);
    await build('gitea.test/dev/app:1', 'running pull');
    await settle();
    pulled.set('gitea.test/dev/app:2', idOf('pulled'));
    await build('gitea.test/dev/app:2', 'pulled');
    await settle();
    await send('pull', `gitea.test/dev/app@${idOf('index')}`);
    await build('gitea.test/dev/app:3', 'pulled by digest');
    await settle();
    assert.equal(running.length, 0);
    await build('gitea.test/dev/app:2', 'built');
    await until(() => running.length === 1);
    assert.equal(running[0]?.job.image, 'gitea.test/dev/app:2');
  });

  test('pushes nothing that the engine has after it was away: it may be another engine, or another image store', async (t) => {
    const { running, send, setEngine, until } = await pushingOn(t);
    press('Always');
    const other = buildingEngine({ 'app:1': 'of another engine', 'app:7': 'of another engine' });
    setEngine(other.engine);
    await send('end');
    await until(() => other.lists() > 0);
    other.tags.set('app:8', 'built');
    await other.send('tag', idOf('built'));
    await until(() => running.length > 0);
    assert.deepEqual(
      running.map(({ job }) => job.image),
      ['app:8'],
    );
  });

  test('pushes what was built while the images could not be listed, once they can', async (t) => {
    const { lists, failLists, build, send, settle, running, until } = await pushingOn(t);
    press('Always');
    const before = lists();
    failLists(2);
    await build('app:1', 'new');
    await until(() => running.length > 0);
    assert.equal(lists() - before, 3);
    assert.equal(running[0]?.job.image, 'app:1');
    running[0].end();
    failLists(2);
    await send('pull', 'app:2');
    await build('app:2', 'pulled');
    await settle();
    assert.equal(running.length, 1, 'a pull is not taken for a build');
  });

  test('follows the engine that was chosen, and pushes nothing of it that was agreed to for the former one', async (t) => {
    const { running, build, until, setEngine, link, pushOnBuild } = await pushingOn(t);
    const answer = Promise.withResolvers<boolean>();
    const asked = t.mock.method(BuildConsent.prototype, 'allows', () => answer.promise);
    await build('app:1', 'new');
    await until(() => asked.mock.callCount() === 1);
    const other = buildingEngine({ 'app:1': 'of another engine' });
    setEngine(other.engine);
    const shown = {
      engineChanged: () => {
        link.reset();
        return Promise.resolve();
      },
    };
    await withListener(shown, () => {
      pushOnBuild.restart();
    }).engineChanged();
    await until(() => other.lists() > 0);
    answer.resolve(true);
    for (let turns = 0; turns < 20; turns++) await setImmediate();
    assert.equal(running.length, 0);
    other.tags.set('app:2', 'built');
    await other.send('tag', idOf('built'));
    await until(() => running.length === 1);
    assert.equal(running[0]?.job.image, 'app:2');
  });

  test('“Once” and “Never” are what they say', async (t) => {
    const { running, build, settle, until } = await pushingOn(t);
    press('Once');
    await build('app:1', 'b');
    await until(() => running.length === 1);
    running[0]?.end();
    await settle();
    press('Never');
    await build('app:1', 'c');
    await settle();
    press('Always');
    await build('app:1', 'd');
    await settle();
    assert.equal(running.length, 1, 'nobody was asked again');
  });

  test('pushes only the last of several builds while one is pushed', async (t) => {
    const { running, build, settle, until } = await pushingOn(t);
    press('Always');
    await build('app:1', 'b');
    await until(() => running.length === 1);
    for (const content of ['c', 'd', 'e']) {
      await build('app:1', content);
      await settle();
    }
    assert.equal(running.length, 1);
    running[0]?.end();
    await until(() => running.length === 2);
    running[1]?.end();
    await settle();
    assert.equal(running.length, 2);
  });

  test('waits while another push goes to the same tag, and begins none meanwhile that would fail', async (t) => {
    const { running, build, settle, until, occupy } = await pushingOn(t);
    const { free, asked } = occupy();
    press('Always');
    await build('app:1', 'b');
    await until(() => asked.length === 1);
    await settle();
    assert.deepEqual([asked, running.length], [['gitea.test/dev/app:1'], 0]);
    free();
    await until(() => running.length === 1);
    // The other one has begun in the same moment.
    running[0]?.end({ kind: 'failed', error: new TeaChestError('busy', 'It is being pushed already.') });
    await until(() => running.length === 2);
    assert.equal(asked.length, 2);
    assert.deepEqual(
      takeShown().filter(({ element }) => element === 'error'),
      [],
    );
  });

  test('pushes nothing of another engine that was chosen while it waited', async (t) => {
    const { running, build, settle, until, occupy, pushOnBuild } = await pushingOn(t);
    const { free, asked } = occupy();
    press('Always');
    await build('app:1', 'b');
    await until(() => asked.length === 1);
    pushOnBuild.restart();
    free();
    await settle();
    assert.equal(running.length, 0);
  });

  test('shows a failure, and nothing but the status after a success', async (t) => {
    const { running, build, until } = await pushingOn(t);
    press('Always');
    await build('app:1', 'b');
    await until(() => running.length === 1);
    takeShown();
    running[0]?.end();
    await until(() => takeShown().some(({ text }) => text === 'Pushed gitea.test/dev/app:1.'));
    await build('app:1', 'c');
    await until(() => running.length === 2);
    takeShown();
    running[1]?.end({ kind: 'failed', error: new TeaChestError('registryUnreachable', 'Nobody listens.') });
    const shown: Shown[] = [];
    await until(() => shown.push(...takeShown()) > 0 && shown.some(({ element }) => element === 'error'));
    assert.match(
      shown.find(({ element }) => element === 'error')?.text ?? '',
      /^Push of app:1 after its build failed: Nobody listens\. Check the address/,
    );
    assert.ok(shown.some(({ text }) => text === '$(warning) Push on build failed'));
  });

  test('says that an image has no target', async (t) => {
    const { build, until } = await pushingOn(t, [{ reference: 'app' }]);
    await build('app:1', 'b');
    await until(() =>
      takeShown().some(({ element, text }) => element === 'error' && text.includes('Nobody said where app:1')),
    );
  });

  test('follows the engine only while there is a rule, and what another engine has is not new', async (t) => {
    const { lists, setRules, until, running, pushOnBuild, tags, settle } = await pushingOn(t, []);
    for (let turns = 0; turns < 20; turns++) await setImmediate();
    assert.equal(lists(), 0);
    setRules(usualRules);
    await until(() => lists() > 0);
    tags.set('app:9', 'of another engine');
    pushOnBuild.restart();
    press('Always');
    await settle();
    await settle();
    assert.deepEqual(running, []);
    setRules([]);
  });
});
