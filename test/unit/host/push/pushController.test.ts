import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { TeaChestError } from '../../../../src/core/base/errors.ts';
import { digestOf } from '../../../../src/core/oci/digest.ts';
import { mediaTypes } from '../../../../src/core/oci/mediaTypes.ts';
import type { EngineManifest, ImageDetails } from '../../../../src/core/ports/imageSource.ts';
import type { PushResult } from '../../../../src/core/push/pushEvents.ts';
import type { LoginSources } from '../../../../src/host/connections/loginSources.ts';
import type { PushArguments } from '../../../../src/host/push/pushArguments.ts';
import type { PushJob } from '../../../../src/host/push/pushJob.ts';
import type { PushRunner } from '../../../../src/host/push/pushRunner.ts';
import { PublicOwners } from '../../../../src/host/targets/publicOwners.ts';
import { formatTarget } from '../../../../src/host/targets/target.ts';
import { basic, home } from '../../credentials/fakeMachine.ts';
import type { FakeGiteaOptions } from '../../../fakeGitea/options.ts';
import { startFakeGitea } from '../../../fakeGitea/fakeGitea.ts';
import { inputAsking, press, takeShown, useFakeVscode } from '../support/fakeVscode.ts';
import { buildHost, connectionTo, dev, imageNamed, memento, noLogins } from '../support/hostFakes.ts';
import { loginsOn } from '../support/loginsOn.ts';

useFakeVscode();
const { PushController } = await import('../../../../src/host/push/pushController.ts');

function resultOf({ target }: PushJob): PushResult {
  return {
    reference: formatTarget(target),
    digest: `sha256:${'a'.repeat(64)}`,
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    ...{ uploadedBytes: 1, mountedBytes: 0, skippedBytes: 0, durationMs: 1000, strategy: 'export', notices: [] },
  };
}

/** An index of which one platform of three is missing. */
function inspected(): ImageDetails {
  const child = (architecture: string, isAvailable = true): EngineManifest => ({
    digest: digestOf(Buffer.from(architecture)),
    ...{ isAvailable, platform: { os: 'linux', architecture } },
  });
  return {
    ...{ id: digestOf(Buffer.from('index')), references: ['app:1'], diffIds: [], size: 1, createdAt: undefined },
    ...{ platform: { os: 'linux', architecture: 'amd64' }, manifestType: mediaTypes.ociIndex },
    manifests: [child('amd64'), child('arm64'), child('s390x', false)],
  };
}

/** A controller that is signed in to a fake Gitea. The runner only records its jobs, and fails with `failures` first. */
async function controllerFor(
  t: { after(work: () => unknown): void },
  { logins = noLogins, ...options }: FakeGiteaOptions & { readonly logins?: LoginSources } = {},
) {
  const fakeGitea = await startFakeGitea(options);
  t.after(() => fakeGitea.close());
  const { store, access, secrets, signingIn } = buildHost(t);
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
  const jobs: PushJob[] = [];
  const runs: (readonly PushJob[])[] = [];
  const failures: TeaChestError[] = [];
  let updates = 0;
  const isPreviewed = false;
  const previews: (readonly PushArguments[])[] = [];
  const runner: Pick<PushRunner, 'run' | 'runAll'> = {
    run: (job) => {
      jobs.push(job);
      const failure = failures.shift();
      return failure === undefined ? Promise.resolve(resultOf(job)) : Promise.reject(failure);
    },
    runAll: (all) => {
      runs.push(all);
      return Promise.resolve(
        all.map((job) => {
          const error = failures.shift();
          return error === undefined ? { kind: 'pushed', result: resultOf(job) } : { kind: 'failed', error };
        }),
      );
    },
  };
  const images = ['app:1', 'tool:1', 'x--y:1', 'x-y:1'].map(imageNamed);
  const controller = new PushController({
    runner: runner as PushRunner,
    images: { open: () => Promise.resolve({ kind: 'ready', images }) },
    inspect: (image) =>
      image === 'part:1' ? Promise.resolve(inspected()) : Promise.reject(new Error('It is not asked in this test.')),
    memory: { last: () => undefined },
    onPushed: () => updates++,
    preview: {
      isAlwaysShown: () => isPreviewed,
      show: (all) => previews.push(all),
      showPush: () => undefined,
    },
    ...{ ...signingIn, logins, store, access, publicOwners },
  });
  const answer = async (owner: string): Promise<void> => {
    const owners = await inputAsking(/Which owner/);
    owners.type(owner);
    owners.enter();
    (await inputAsking(/Name/)).enter();
    (await inputAsking(/Tag/)).enter();
  };
  const push = async (owner: string): Promise<void> => {
    const done = controller.askAndPush({ image: 'app:1' });
    await answer(owner);
    await done;
  };
  const pushed = (): readonly string[] => jobs.map(({ target }) => target.repository);
  takeShown();
  return {
    ...{
      fakeGitea,
      store,
      secrets,
      connection,
      access,
      publicOwners,
      controller,
      asked,
      answers,
      jobs,
      runs,
      failures,
      pushed,
    },
    ...{ push, answer, updates: () => updates },
  };
}

/** What was shown as an error, information or other element, once there is something. */
async function shownAs(element: string): Promise<readonly string[]> {
  for (;;) {
    const texts = takeShown().filter((one) => one.element === element);
    if (texts.length > 0) return texts.map(({ text }) => text);
    await setImmediate();
  }
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
    const { push, asked, pushed, answers, access, connection, controller, publicOwners } = await controllerFor(t, {
      seed,
    });
    assert.deepEqual((await access.owners(connection)).publicNames, ['publicteam']);
    answers.push(false);
    await push('publicteam');
    assert.deepEqual(pushed(), [], 'a no is a no');
    await push('publicteam');
    await push('publicteam');
    for (const owner of ['privateteam', 'limitedteam', 'dev']) await push(owner);
    assert.equal(asked.length, 2);
    assert.match(asked[0] ?? '', /everybody who can reach this server can pull this image/i);
    assert.deepEqual(pushed(), ['publicteam/app', 'publicteam/app', 'privateteam/app', 'limitedteam/app', 'dev/app']);
    await publicOwners.forgetRegistry(connection.origin);
    await controller.pushArguments({ image: 'app:1', target: `${connection.host}/publicteam/app:1` });
    assert.equal(asked.length, 2, 'automation is not asked');
    await push('publicteam');
    assert.equal(asked.length, 3, 'signing out ends what was said');
  });

  test('is no question where nobody sees anything without signing in', async (t) => {
    const { push, asked, pushed } = await controllerFor(t, { seed, requireSignIn: true });
    await push('publicteam');
    assert.deepEqual([asked, pushed()], [[], ['publicteam/app']]);
  });
});

suite('a push where the machine did not keep the credential', () => {
  test('asks to sign in again, as who one was, and goes on', async (t) => {
    const { store, secrets, fakeGitea, connection, push, pushed } = await controllerFor(t, {
      seed,
      requireSignIn: true,
    });
    secrets.lose();
    const done = push('dev');
    (await inputAsking(/Address/)).enter();
    const name = await inputAsking(/User name/);
    assert.equal(name.value, 'dev');
    name.enter();
    const box = await inputAsking(/Token/);
    box.type(fakeGitea.createToken('dev', ['write:package']));
    box.enter();
    await done;
    assert.deepEqual(pushed(), ['dev/app']);
    assert.notEqual(await store.credential(connection.origin), undefined);
  });
});

suite('a push by the controller', () => {
  test('shows what it did, offers the next steps, and updates the views', async (t) => {
    const { controller, connection, updates } = await controllerFor(t);
    press('Copy Pull Command');
    await controller.pushArguments({ image: 'app:1', target: `${connection.host}/dev/app:1` });
    assert.deepEqual(await shownAs('clipboard'), [`docker pull ${connection.host}/dev/app:1`]);
    assert.equal(updates(), 1);
  });

  test('keeps the options of the arguments, and what the person typed', async (t) => {
    const { controller, connection, jobs } = await controllerFor(t);
    const options = { compression: 'zstd', strategy: 'relay', platform: 'linux/arm64', recheck: true } as const;
    await controller.pushArguments({ image: 'app', target: `${connection.host}/dev/app`, ...options });
    const target = { host: connection.host, repository: 'dev/app', tag: 'latest' };
    assert.deepEqual(jobs, [{ image: 'app:latest', requestedImage: 'app', connection, target, ...options }]);
  });

  test('rejects as the push does, after showing the failure, and can be retried with the connection of then', async (t) => {
    const { controller, connection, store, failures, jobs } = await controllerFor(t);
    failures.push(new TeaChestError('registryUnreachable', 'Nobody listens.'));
    press('Retry');
    const args = { image: 'app:1', target: `${connection.host}/dev/app:1` };
    const rejected = assert.rejects(controller.pushArguments(args), { code: 'registryUnreachable' });
    await store.save({ ...connection, version: '9' }, dev);
    await rejected;
    assert.match((await shownAs('error')).join(), /^Push of app:1 to dev\/app:1 failed: Nobody listens\./);
    while (jobs.length < 2) await setImmediate();
    assert.equal(jobs[1]?.connection.version, '9');
  });

  test('that failed because nobody said what of an index is pushed asks that, and pushes again', async (t) => {
    const { controller, connection, failures, jobs } = await controllerFor(t);
    // The engine lists the manifests of the first image alone.
    const facts = { platforms: 'linux/amd64, linux/arm64', missing: ['linux/s390x'] };
    for (const image of ['part:1', 'app:1']) {
      jobs.length = 0;
      failures.push(new TeaChestError('platformNeeded', `${image} is an index. Choose.`, { facts }));
      press('Choose');
      const args = { image, target: `${connection.host}/guild/part:1` };
      await assert.rejects(controller.pushArguments(args), { code: 'platformNeeded' });
      const list = await inputAsking(new RegExp(`does not have linux/s390x of ${image}`));
      list.type('arm64');
      list.enter();
      while (jobs.length < 2) await setImmediate();
      assert.deepEqual([jobs[0]?.platform, jobs[1]?.platform], [undefined, 'linux/arm64']);
    }
  });

  test('that failed can go to another target, without losing the options', async (t) => {
    const { controller, connection, failures, jobs, answer } = await controllerFor(t, { seed });
    failures.push(new TeaChestError('accessDenied', 'You may not.'));
    press('Choose Another Owner');
    const args = { image: 'app:1', target: `${connection.host}/guild/app:1`, compression: 'none' } as const;
    await assert.rejects(controller.pushArguments(args), { code: 'accessDenied' });
    await answer('privateteam');
    while (jobs.length < 2) await setImmediate();
    assert.deepEqual([jobs[1]?.target.repository, jobs[1]?.compression], ['privateteam/app', 'none']);
  });

  test('is refused with a warning if the suggested name is another local image’s', async (t) => {
    const { controller, connection, jobs } = await controllerFor(t);
    await assert.rejects(controller.pushArguments({ image: 'x--y:1', target: `${connection.host}/dev/x--y:1` }), {
      code: 'nameInvalid',
      message: /But “x-y” is also the name of another image here, of x-y:1/,
    });
    assert.deepEqual(jobs, []);
  });

  test('needs a target: cancelling the question rejects', async (t) => {
    const { controller } = await controllerFor(t);
    const rejected = assert.rejects(controller.pushArguments({ image: 'app:1' }), { code: 'targetNeeded' });
    (await inputAsking(/Name|owner/)).leave();
    await rejected;
  });
});

suite('a push of several images', () => {
  const targetsOf = (jobs: readonly PushJob[] | undefined): readonly string[] =>
    (jobs ?? []).map(({ target }) => `${target.repository}:${target.tag}`);

  async function answerOwner(owner: string): Promise<void> {
    const owners = await inputAsking(/Which owner/);
    owners.type(owner);
    owners.enter();
  }

  test('asks for the owner once, shows all targets, and runs once', async (t) => {
    const { controller, runs, connection } = await controllerFor(t, { seed });
    const done = controller.pushAll(['app:1', 'tool:1']);
    await answerOwner('privateteam');
    const targets = await inputAsking(/Enter pushes/);
    assert.match(String(targets['title']), /^Push 2 Images$/);
    const rows = targets.items.map(({ label, description }) => `${label} ${description ?? ''}`);
    assert.deepEqual(rows, [
      `app:1 → ${connection.host}/privateteam/app:1`,
      `tool:1 → ${connection.host}/privateteam/tool:1`,
    ]);
    targets.enter();
    await done;
    assert.deepEqual(runs.map(targetsOf), [['privateteam/app:1', 'privateteam/tool:1']]);
    const [summary] = await shownAs('information');
    assert.match(summary ?? '', /^Pushed 2 images in .*: 2 B sent\. privateteam\/app:1, privateteam\/tool:1\.$/);
  });

  test('pushes the images that stay ticked, and none if the person leaves', async (t) => {
    const { controller, runs } = await controllerFor(t, { seed });
    const done = controller.pushAll(['app:1', 'tool:1']);
    await answerOwner('dev');
    const targets = await inputAsking(/Enter pushes/);
    targets.tick(targets.items.slice(1));
    targets.enter();
    await done;
    const left = controller.pushAll(['app:1', 'tool:1']);
    await answerOwner('dev');
    (await inputAsking(/Enter pushes/)).leave();
    await left;
    assert.deepEqual(runs.map(targetsOf), [['dev/tool:1']]);
  });

  test('asks for another name where two images would have the same target, until it is another one', async (t) => {
    const { controller, runs } = await controllerFor(t, { seed });
    const done = controller.pushAll(['one/app:1', 'two/app:1', `sha256:${'b'.repeat(64)}`]);
    await answerOwner('dev');
    const targets = await inputAsking(/Enter pushes/);
    const described = targets.items.map(({ description }) => description ?? '');
    assert.match(
      described[1] ?? '',
      /needs another name: one\/app:1 goes to .*\/dev\/app:1 as well: one would replace/,
    );
    assert.match(described[2] ?? '', /has no name that it could keep/);
    targets.enter();
    for (const name of ['app', 'app-two']) {
      const box = await inputAsking(/Name/);
      assert.match(String(box['title']), /^Name 1 of 2: two\/app:1$/);
      assert.match(JSON.stringify(box['validationMessage']), /one would replace the other/);
      box.type(name);
      box.enter();
      (await inputAsking(/Tag/)).enter();
    }
    const box = await inputAsking(/Name/);
    box.type('unnamed');
    box.enter();
    (await inputAsking(/Tag/)).enter();
    await done;
    assert.deepEqual(runs.map(targetsOf), [['dev/app:1', 'dev/app-two:1', 'dev/unnamed:latest']]);
  });

  test('says what failed and why, and pushes the failed ones again', async (t) => {
    const { controller, runs, failures, connection } = await controllerFor(t, { seed });
    failures.push(new TeaChestError('quotaExceeded', 'There is no room for it.'));
    press('Push Failed Again');
    const target = `${connection.host}/dev`;
    const done = await controller.pushEach(
      ['app:1', 'tool:1'].map((image) => ({ image, target: `${target}/${image}`, compression: 'none' })),
    );
    const [warning] = await shownAs('warning');
    assert.match(
      warning ?? '',
      /^Pushed 1 of 2 images .* dev\/tool:1\. Not pushed: dev\/app:1: There is no room for it\./,
    );
    while (runs.length < 2) await setImmediate();
    assert.deepEqual(runs.map(targetsOf), [['dev/app:1', 'dev/tool:1'], ['dev/app:1']]);
    assert.equal(runs[1]?.[0]?.compression, 'none');
    assert.equal(done.uploadedBytes, 1);
    const [failed, pushed] = done.results;
    const error = { code: 'quotaExceeded', stage: 'resolve', message: 'There is no room for it.' };
    assert.deepEqual(failed, { image: 'app:1', error });
    assert.ok(pushed !== undefined && 'digest' in pushed && pushed.image === 'tool:1');
  });

  test('by arguments goes on without the images whose target is wrong, and refuses two with one target', async (t) => {
    const { controller, runs, connection } = await controllerFor(t, { seed });
    const target = (name: string): string => `${connection.host}/dev/${name}`;
    const { results } = await controller.pushEach([
      { image: 'app:1', target: target('app:1') },
      { image: 'tool:1', target: 'elsewhere.example/dev/tool:1' },
      { image: 'x--y:1', target: target('x--y:1') },
    ]);
    const codes = results.map((one) => ('error' in one ? one.error.code : 'pushed'));
    assert.deepEqual(codes, ['pushed', 'notSignedIn', 'nameInvalid']);
    assert.deepEqual(runs.map(targetsOf), [['dev/app:1']]);
    await assert.rejects(
      controller.pushEach(['app:1', 'tool:1'].map((image) => ({ image, target: target('same:1') }))),
      { code: 'argumentInvalid', message: /the target .*\/dev\/same:1: app:1 and tool:1\. Nothing was pushed/ },
    );
    assert.equal(runs.length, 1);
  });

  test('asks for missing targets only, and those that nobody gives are results', async (t) => {
    const { controller, runs, connection } = await controllerFor(t, { seed });
    const done = controller.pushEach([{ image: 'app:1', target: `${connection.host}/dev/app:1` }, { image: 'tool' }]);
    (await inputAsking(/Which owner/)).leave();
    const { results } = await done;
    const codes = results.map((one) => ('error' in one ? one.error.code : 'pushed'));
    assert.deepEqual([codes, runs.map(targetsOf)], [['pushed', 'targetNeeded'], [['dev/app:1']]]);
  });
});

suite('a push to a registry without a sign-in', () => {
  test('offers the logins for its repository, says which one was used, and goes on', async (t) => {
    const gitea = await startFakeGitea({ tls: 'valid' });
    t.after(() => gitea.close());
    const token = gitea.createToken('dev', ['all']);
    const key = `${gitea.host}/dev`;
    const file = { auths: { [key]: { auth: basic('dev', token) }, [`${gitea.host}/team`]: { auth: basic('a', 'b') } } };
    const logins = loginsOn({ files: { [`${home}/.config/containers/auth.json`]: JSON.stringify(file) } });
    const { controller, pushed } = await controllerFor(t, { logins });
    press('Sign In');
    press('Trust This Certificate');
    const target = `${gitea.host}/dev/app:1`;
    await assert.rejects(controller.pushArguments({ image: 'app:1', target }), { code: 'notSignedIn' });
    (await inputAsking(/Address/)).enter();
    const list = await inputAsking(/How do you want/);
    assert.deepEqual(
      list.items.map(({ label, description }) => `${label} ${description ?? ''}`.trim()),
      [`$(key) Use the login of Podman (auth.json) dev · for ${key}`, '$(edit) Enter user name and token or password'],
    );
    list.enter();
    while (pushed().length === 0) await setImmediate();
    assert.deepEqual(pushed(), ['dev/app']);
    const said = await shownAs('information');
    assert.match(said.join('\n'), /Connected to .*: dev · Gitea .*, with the login of Podman \(auth\.json\)\./);
  });
});
