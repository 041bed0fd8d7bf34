import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { TeaChestError } from '../../../../src/core/base/errors.ts';
import { startFakeGitea } from '../../../fakeGitea/fakeGitea.ts';
import { basic, home } from '../../credentials/fakeMachine.ts';
import { audiences, controllerFor, seed, shownAs } from '../support/controllerFor.ts';
import { inputAsking, press } from '../support/fakeVscode.ts';
import { dev } from '../support/hostFakes.ts';
import { loginsOn } from '../support/loginsOn.ts';

const { pushAgain } = await import('../../../../src/host/push/pushAgain.ts');

suite('a push to an owner whose images everybody can pull', () => {
  test('is confirmed once for each owner by the row that says so, by hand only', async (t) => {
    const rig = await controllerFor(t, { seed });
    const { push, asked, confirmed, pushed, access, connection, controller, publicOwners } = rig;
    assert.deepEqual((await access.owners(connection)).audiences, new Map(Object.entries(audiences)));
    await push('publicteam');
    await push('publicteam');
    for (const owner of ['privateteam', 'dev']) await push(owner);
    assert.deepEqual(confirmed, ['publicteam is public: everybody who can reach this server can pull this image']);
    assert.deepEqual(pushed(), ['publicteam/app', 'publicteam/app', 'privateteam/app', 'dev/app']);
    await publicOwners.forgetRegistry(connection.origin);
    await controller.pushArguments({ image: 'app:1', target: `${connection.host}/publicteam/app:1` });
    assert.deepEqual(asked, [], 'automation is not asked');
    await push('publicteam');
    assert.equal(confirmed.length, 2, 'signing out ends what was said');
  });

  test('is asked about where a typed target did not say it', async (t) => {
    const { asked, answers, pushed, controller } = await controllerFor(t, { seed });
    answers.push(false);
    for (const expected of [[], ['publicteam/app'], ['publicteam/app', 'publicteam/app']]) {
      const done = controller.askAndPush({ image: 'app:1' });
      const proposal = await inputAsking(/Where should/);
      proposal.type('publicteam/app:2');
      proposal.enter();
      await done;
      assert.deepEqual(pushed(), expected, 'a no is a no');
    }
    assert.equal(asked.length, 2);
    assert.match(asked[0] ?? '', /everybody who can reach this server can pull this image/i);
  });

  test('has another text if everybody has to sign in for it', async (t) => {
    for (const [owner, requireSignIn] of [
      ['limitedteam', false],
      ['publicteam', true],
    ] as const) {
      const { push, confirmed, pushed } = await controllerFor(t, { seed, requireSignIn });
      await push(owner);
      await push(owner);
      assert.deepEqual(confirmed, [`Everybody who is signed in to this server can pull the images of ${owner}`]);
      assert.deepEqual(pushed(), [`${owner}/app`, `${owner}/app`]);
    }
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
    const box = await inputAsking(/or a token/);
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
    assert.deepEqual(jobs, [
      { image: 'app:latest', requestedImage: 'app', connection, target, ...options, isUnattended: true },
    ]);
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

  test('of a command with a target asks nobody, and one that a person repeats, retries or chooses may ask', async (t) => {
    const { controller, connection, failures, jobs, runs } = await controllerFor(t);
    const args = { image: 'app:1', target: `${connection.host}/dev/app:1` };
    const other = { image: 'tool:1', target: `${connection.host}/dev/tool:1` };
    failures.push(new TeaChestError('registryUnreachable', 'Nobody listens.'));
    press('Retry');
    await assert.rejects(controller.pushArguments(args), { code: 'registryUnreachable' });
    while (jobs.length < 2) await setImmediate();
    await pushAgain([args], controller);
    assert.deepEqual(
      jobs.map(({ isUnattended = false }) => isUnattended),
      [true, false, false],
    );
    await controller.pushEach([args, other]);
    await pushAgain([args, other], controller);
    await controller.pushChosen([args, other]);
    assert.deepEqual(
      runs.map((all) => all.map(({ isUnattended = false }) => isUnattended)),
      [
        [true, true],
        [false, false],
        [false, false],
      ],
    );
  });

  test('that is repeated with two images for one target says that nothing was pushed', async (t) => {
    const { controller, connection, runs } = await controllerFor(t);
    const target = `${connection.host}/dev/same:1`;
    await pushAgain(
      ['app:1', 'tool:1'].map((image) => ({ image, target })),
      controller,
    );
    assert.match((await shownAs('error')).join(), /app:1 and tool:1\. Nothing was pushed/);
    assert.equal(runs.length, 0);
  });

  test('whose plan is shown first asks about a public owner only when it begins', async (t) => {
    const { push, asked, plans, pushed, connection, controller } = await controllerFor(t, { seed });
    plans.isAlwaysShown = true;
    await push('publicteam');
    await controller.pushChosen([{ image: 'tool:1', target: `${connection.host}/publicteam/tool:1` }]);
    assert.deepEqual(
      plans.shown.map(({ target }) => target),
      ['app:1', 'tool:1'].map((name) => `${connection.host}/publicteam/${name}`),
    );
    assert.deepEqual([asked, pushed()], [[], []]);
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
    (await inputAsking(/Where should/)).leave();
    await rejected;
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
    assert.match(said.join('\n'), /Signed in to .* as dev with the login of Podman \(auth\.json\)\./);
  });
});
