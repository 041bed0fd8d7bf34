import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { PushResult } from '../../../src/core/push/events.ts';
import type { Connection } from '../../../src/host/connections/connection.ts';
import type { PushQuestions } from '../../../src/host/push/askPush.ts';
import type { Owners } from '../../../src/host/registry/registryBrowser.ts';
import type { PushController } from '../../../src/host/push/pushController.ts';
import type { PushJob } from '../../../src/host/push/pushRunner.ts';
import { PublicOwners } from '../../../src/host/targets/publicOwners.ts';
import { formatTarget } from '../../../src/host/targets/target.ts';
import type { FakeGiteaOptions } from '../../fakeGitea/options.ts';
import { startFakeGitea } from '../../fakeGitea/fakeGitea.ts';
import { inputAsking, QuickInput, said, useFakeVscode } from './fakeVscode.ts';
import { buildHost, connectionTo, dev, memento } from './hostFakes.ts';

useFakeVscode();
const { askSignIn } = await import('../../../src/host/connections/askSignIn.ts');
const { askPush } = await import('../../../src/host/push/askPush.ts');
const { askChoice } = await import('../../../src/host/input/prompts.ts');
const { PushCommands } = await import('../../../src/host/commands/pushImage.ts');

const gitea = connectionTo('https://gitea.test');
const someOwners: Owners = { names: ['dev', 'team', 'my-team'], complete: true, publicNames: ['team'] };

function questions(more: Partial<PushQuestions> = {}): PushQuestions {
  const images = ['tool:armv7', 'app:1', 'armv7-base:2'].map((label) => ({ label, value: label }));
  return {
    images: () => Promise.resolve(images),
    references: () => Promise.resolve(['x--y:1', 'x-y:1']),
    connections: () => [gitea],
    guess: () => undefined,
    owners: () => Promise.resolve(someOwners),
    ...more,
  };
}

function labels(list: QuickInput): readonly string[] {
  return list
    .shownRows()
    .map(({ label, description }) => (description === undefined ? label : `${label} (${description})`));
}

suite('typing in the push dialog', () => {
  test('Enter takes what fits best, and what was typed only where nothing fits', async () => {
    const asked = askPush(questions(), {});
    const images = await inputAsking(/Which image/);
    images.type('armv7');
    assert.deepEqual(labels(images), ['armv7-base:2', 'tool:armv7']);
    images.type('tool:armv');
    images.enter();
    const owners = await inputAsking(/Which owner/);
    owners.type('te');
    assert.deepEqual(labels(owners), ['team (public)', 'my-team', '$(edit) … (Another owner)']);
    owners.enter();
    (await inputAsking(/Name/)).enter();
    (await inputAsking(/Tag/)).enter();
    const job = await asked;
    assert.equal(job?.image, 'tool:armv7');
    assert.equal(formatTarget(job.target), 'gitea.test/team/tool:armv7');
  });

  test('before the choices are there nothing is taken, and then what fits', async () => {
    const loading = Promise.withResolvers<readonly { label: string; value: string }[]>();
    const place = { title: 'Push Image', step: 1, totalSteps: 1 };
    const custom = (text: string) => ({ label: text, value: text });
    const chosen = askChoice(place, { placeholder: 'Which?', choices: loading.promise, custom });
    const list = QuickInput.latest;
    assert.ok(list !== undefined);
    list.type('te');
    list.enter();
    assert.deepEqual(list.items, []);
    loading.resolve([{ label: 'team', value: 'team' }]);
    (await inputAsking(/Which\?/)).enter();
    assert.equal(await chosen, 'team');
  });

  test('a text that fits nothing is offered as typed', async () => {
    const asked = askPush(questions(), {});
    const images = await inputAsking(/Which image/);
    images.type('1a2b3c4d5e6f');
    assert.deepEqual(labels(images), ['1a2b3c4d5e6f (as typed)']);
    images.enter();
    const owners = await inputAsking(/Which owner/);
    owners.type('guild');
    assert.deepEqual(labels(owners), ['guild (as typed)', '$(edit) … (Another owner)']);
    owners.enter();
    const name = await inputAsking(/Name/);
    name.type('app');
    name.enter();
    (await inputAsking(/Tag/)).enter();
    const job = await asked;
    assert.equal(job?.said, '1a2b3c4d5e6f');
    assert.equal(formatTarget(job.target), 'gitea.test/guild/app:latest');
  });

  test('an Enter that comes with the last key takes the whole text', async () => {
    const asked = askPush(questions(), { image: 'app:1' });
    const owners = await inputAsking(/Which owner/);
    owners.type('guil');
    const [row] = owners.shownRows();
    owners.type('guild');
    owners.take(row);
    (await inputAsking(/Name/)).enter();
    (await inputAsking(/Tag/)).enter();
    assert.equal((await asked)?.target.repository, 'guild/app');
  });

  test('an owner whose name is the beginning of another’s can be typed by itself', async () => {
    const asked = askPush(questions(), { image: 'app:1' });
    const owners = await inputAsking(/Which owner/);
    owners.take(owners.items.at(-1));
    const box = await inputAsking(/User or organization/);
    box.type('a b');
    assert.match(await said(box), /cannot be an owner/);
    box.type('te');
    box.enter();
    (await inputAsking(/Name/)).enter();
    (await inputAsking(/Tag/)).enter();
    assert.equal((await asked)?.target.repository, 'te/app');
  });
});

suite('a name that Gitea does not take', () => {
  test('is not replaced by another local image’s without a word, in the dialog and in a command', async (t) => {
    const asked = askPush(questions(), { image: 'x--y:1' });
    (await inputAsking(/Which owner/)).enter();
    const box = await inputAsking(/Name/);
    box.type('x--y');
    assert.match(await said(box), /Try “x-y”\. But “x-y” is also the name of another image here, of x-y:1/);
    box.type('x-y-two');
    box.enter();
    (await inputAsking(/Tag/)).enter();
    assert.equal((await asked)?.target.repository, 'dev/x-y-two');
    const { commands, connection } = await commandsFor(t);
    await assert.rejects(commands.run({ image: 'x--y:1', target: `${connection.host}/dev/x--y:1` }), {
      code: 'nameInvalid',
      message: /But “x-y” is also the name of another image here, of x-y:1/,
    });
  });
});

/** The commands of pushes, on a fake Gitea, up to the push itself. */
async function commandsFor(t: { after(work: () => unknown): void }, options: FakeGiteaOptions = {}) {
  const fakeGitea = await startFakeGitea(options);
  t.after(() => fakeGitea.close());
  const { store, access } = buildHost(t);
  const connection = connectionTo(fakeGitea.origin);
  await store.save(connection, dev);
  const asked: string[] = [];
  const answers: boolean[] = [];
  const publicOwners = new PublicOwners(
    memento(),
    (...which) => access.isPublicOwner(...which),
    (message, detail) => {
      asked.push([message, ...detail].join('\n'));
      return Promise.resolve(answers.shift() ?? true);
    },
  );
  const pushed: string[] = [];
  const controller: Pick<PushController, 'push'> = {
    push: ({ target }: PushJob) => {
      pushed.push(target.repository);
      return Promise.resolve({} as PushResult);
    },
  };
  const commands = new PushCommands({
    controller: controller as PushController,
    knowledge: { findByHost: (host) => store.findByHost(host), lastTarget: () => undefined },
    questions: questions({ connections: () => [connection], owners: (one: Connection) => access.owners(one) }),
    signIn: async (start) => (await askSignIn(access.auth, store, start)) !== undefined,
    trustCertificate: () => Promise.resolve(false),
    chooseClientCertificate: () => Promise.resolve(false),
    find: (origin) => store.find(origin),
    publicOwners,
    hasCredential: async ({ origin }) => (await store.credential(origin)) !== undefined,
  });
  const push = async (owner: string): Promise<void> => {
    const done = commands.askAndPush({ image: 'app:1' });
    const owners = await inputAsking(/Which owner/);
    owners.type(owner);
    owners.enter();
    (await inputAsking(/Name/)).enter();
    (await inputAsking(/Tag/)).enter();
    await done;
  };
  return { fakeGitea, store, connection, access, publicOwners, commands, asked, answers, pushed, push };
}

const seed = {
  users: [{ name: 'dev', password: dev.secret, visibility: 'private' as const }],
  organizations: (['public', 'limited', 'private'] as const).map((visibility) => ({
    name: `${visibility}Team`,
    visibility,
    teams: [{ name: 'developers', permission: 'write' as const, members: ['dev'] }],
  })),
};

suite('a push to an owner whose images everybody can pull', () => {
  test('is asked about once for each owner, by hand only, and seen in the list of owners', async (t) => {
    const { push, asked, pushed, answers, access, connection, commands, publicOwners } = await commandsFor(t, { seed });
    assert.deepEqual((await access.owners(connection)).publicNames, ['publicteam']);
    answers.push(false);
    await push('publicteam');
    assert.deepEqual(pushed, [], 'a no is a no');
    await push('publicteam');
    await push('publicteam');
    for (const owner of ['privateteam', 'limitedteam', 'dev']) await push(owner);
    assert.equal(asked.length, 2);
    assert.match(asked[0] ?? '', /everybody who can reach this server can pull this image/i);
    assert.deepEqual(pushed, ['publicteam/app', 'publicteam/app', 'privateteam/app', 'limitedteam/app', 'dev/app']);
    await publicOwners.forgetRegistry(connection.origin);
    await commands.run({ image: 'app:1', target: `${connection.host}/publicteam/app:1` });
    assert.equal(asked.length, 2, 'automation is not asked');
    await push('publicteam');
    assert.equal(asked.length, 3, 'signing out ends what was said');
  });

  test('is no question where nobody sees anything without signing in', async (t) => {
    const { push, asked, pushed } = await commandsFor(t, { seed, requireSignIn: true });
    await push('publicteam');
    assert.deepEqual([asked, pushed], [[], ['publicteam/app']]);
  });
});

suite('a push where the machine did not keep the credential', () => {
  test('asks to sign in again, as who one was, and goes on', async (t) => {
    const { store, fakeGitea, connection, push, pushed } = await commandsFor(t, { seed, requireSignIn: true });
    await store.remove(connection.origin);
    await store.save(connection, undefined);
    const done = push('dev');
    (await inputAsking(/Address/)).enter();
    const name = await inputAsking(/User name/);
    assert.equal(name.value, 'dev');
    name.enter();
    const box = await inputAsking(/Token/);
    box.type(fakeGitea.createToken('dev', ['write:package']));
    box.enter();
    await done;
    assert.deepEqual(pushed, ['dev/app']);
    assert.notEqual(await store.credential(connection.origin), undefined);
  });
});
