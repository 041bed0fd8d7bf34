import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { TeaChestError } from '../../../../src/core/base/errors.ts';
import type { PushJob } from '../../../../src/host/push/pushJob.ts';
import { controllerFor, seed, shownAs } from '../support/controllerFor.ts';
import { inputAsking, lastButtons, press } from '../support/fakeVscode.ts';

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
    assert.deepEqual(lastButtons(), ['Copy References', 'Show Details']);
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

  test('shows the plan of the ticked images by a button of the dialog, and confirms nothing before it', async (t) => {
    const { controller, runs, plans, asked, connection } = await controllerFor(t, { seed });
    const done = controller.pushAll(['app:1', 'tool:1', 'x-y:1']);
    await answerOwner('publicteam');
    const targets = await inputAsking(/Enter pushes/);
    targets.tick([]);
    targets.pressButton('Preview Push');
    assert.equal(targets.isShown, true, 'nothing is ticked');
    targets.tick(targets.items.slice(1));
    targets.pressButton('Preview Push');
    await done;
    assert.deepEqual(
      plans.shown.map(({ image, target }) => [image, target]),
      [
        ['tool:1', `${connection.host}/publicteam/tool:1`],
        ['x-y:1', `${connection.host}/publicteam/x-y:1`],
      ],
    );
    assert.deepEqual([runs, asked], [[], []]);
  });

  test('to be previewed says that Enter shows the plan, and has no button for that', async (t) => {
    const { controller, runs, plans } = await controllerFor(t, { seed });
    const begin = [
      () => controller.preview(['app:1', 'tool:1']),
      () => {
        plans.isAlwaysShown = true;
        return controller.pushAll(['app:1', 'tool:1']);
      },
    ];
    for (const ask of begin) {
      plans.shown.length = 0;
      const done = ask();
      await answerOwner('dev');
      const targets = await inputAsking(/Enter shows what a push of the ticked images would do/);
      assert.equal(targets['title'], 'Preview Push of 2 Images');
      assert.throws(() => {
        targets.pressButton('Preview Push');
      }, /There is no button/);
      targets.enter();
      await done;
      assert.deepEqual(
        plans.shown.map(({ image }) => image),
        ['app:1', 'tool:1'],
      );
    }
    assert.deepEqual(runs, []);
  });

  test('that a command waits for offers no plan in its place', async (t) => {
    const { controller, runs } = await controllerFor(t, { seed });
    const done = controller.pushEach([{ image: 'app:1' }, { image: 'tool:1' }]);
    await answerOwner('dev');
    const targets = await inputAsking(/Enter pushes/);
    assert.throws(() => {
      targets.pressButton('Preview Push');
    }, /There is no button/);
    targets.enter();
    assert.equal((await done).results.length, 2);
    assert.equal(runs.length, 1);
  });

  test('asks for another name where two images would have the same target, until it is another one', async (t) => {
    const { controller, runs } = await controllerFor(t, { seed });
    const done = controller.pushAll(['a.test/one/app:1', 'a.test/two/app:1', `sha256:${'b'.repeat(64)}`]);
    await answerOwner('dev');
    const targets = await inputAsking(/Enter pushes/);
    const described = targets.items.map(({ description }) => description ?? '');
    assert.match(
      described[1] ?? '',
      /needs another name: a\.test\/one\/app:1 goes to .*\/dev\/app:1 as well: one would replace/,
    );
    assert.match(described[2] ?? '', /has no name that it could keep/);
    targets.enter();
    for (const name of ['app', 'app-two']) {
      const box = await inputAsking(/Name/);
      assert.match(String(box['title']), /^Name 1 of 2: a\.test\/two\/app:1$/);
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
    assert.match(warning ?? '', / \[More About This\]\(command:teaChest\.showTroubleshooting\?%22quotaExceeded%22\)$/);
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
