import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { digestOf } from '../../../../src/core/oci/digest.ts';
import { mediaTypes } from '../../../../src/core/oci/mediaTypes.ts';
import type { EngineManifest, ImageDetails } from '../../../../src/core/ports/imageSource.ts';
import type { PushSources } from '../../../../src/host/push/pushSources.ts';
import { formatTarget } from '../../../../src/host/targets/target.ts';
import { inputAsking, QuickInput, said, useFakeVscode } from '../support/fakeVscode.ts';
import { connectionTo } from '../support/hostFakes.ts';
import { gitea, sources, labels, proposal, change, ownerList } from '../support/pushDialog.ts';

useFakeVscode();
const { askPush } = await import('../../../../src/host/push/askPush.ts');
const { askChoice } = await import('../../../../src/host/input/prompts.ts');

suite('typing in the push dialog', () => {
  test('Enter takes what fits best, and what was typed only where nothing fits', async () => {
    const asked = askPush(sources(), {});
    const images = await inputAsking(/Which image/);
    images.type('armv7');
    assert.deepEqual(labels(images), ['armv7-base:2 (1 B)', 'tool:armv7 (1 B)']);
    images.type('tool:armv');
    images.enter();
    const choice = await ownerList();
    choice.type('te');
    assert.deepEqual(labels(choice), ['team (public)', 'my-team', '$(edit) Another owner…']);
    choice.enter();
    (await proposal()).enter();
    const job = await asked;
    assert.equal(job?.image, 'tool:armv7');
    assert.equal(formatTarget(job.target), 'gitea.test/team/tool:armv7');
  });

  test('the whole name of an image is proposed, below an owner that it names itself, or else below the person', async () => {
    for (const [image, target] of [
      ['shop/web:1', 'gitea.test/dev/shop/web:1'],
      ['team/web:1', 'gitea.test/team/web:1'],
      ['localhost/My-Team/app/web:1', 'gitea.test/my-team/app/web:1'],
      ['other.test/team/web:1', 'gitea.test/dev/web:1'],
    ] as const) {
      const asked = askPush(sources(), { image });
      const list = await proposal();
      assert.equal(labels(list)[0]?.replace(/ \(.*/, ''), `$(cloud-upload) Push to ${target}`);
      list.enter();
      const job = await asked;
      assert.equal(job && formatTarget(job.target), target);
    }
  });

  test('a preview does not say that Enter pushes', async () => {
    const asked = askPush(sources(), { image: 'tool:1', isPreview: true });
    const list = await proposal();
    assert.match(String(list['placeholder']), /Enter shows the plan/);
    assert.equal(labels(list)[0]?.replace(/ \(.*/, ''), '$(cloud-upload) Preview the push to gitea.test/dev/tool:1');
    list.enter();
    await asked;
  });

  test('an image that is known by its digest proposes its name, and has to be given a tag', async () => {
    const image = `127.0.0.1:5000/app@sha256:${'b'.repeat(64)}`;
    const asked = askPush(sources(), { image });
    const list = await proposal();
    assert.deepEqual(labels(list), [
      '$(edit) Choose a Tag…',
      '$(organization) Owner: dev (change)',
      '$(package) Name: app (change)',
      '$(tag) Tag: none yet (change)',
    ]);
    list.enter();
    const tag = await inputAsking(/Tag/);
    assert.equal(tag.value, '');
    tag.enter();
    assert.match(await said(tag), /tag/i);
    tag.type('restored');
    tag.enter();
    (await proposal()).enter();
    const job = await asked;
    assert.equal(job?.image, image);
    assert.equal(formatTarget(job.target), 'gitea.test/dev/app:restored');
  });

  test('before the choices are there nothing is taken, and then what fits', async () => {
    const loading = Promise.withResolvers<readonly { label: string; value: string }[]>();
    const position = { title: 'Push Image', step: 1, totalSteps: 1 };
    const custom = (text: string) => ({ label: text, value: text });
    const chosen = askChoice(position, { placeholder: 'Which?', choices: loading.promise, custom });
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
    const asked = askPush(sources(), {});
    const images = await inputAsking(/Which image/);
    images.type('1a2b3c4d5e6f');
    assert.deepEqual(labels(images), ['1a2b3c4d5e6f (as typed)']);
    images.enter();
    const choice = await ownerList();
    choice.type('guild');
    assert.deepEqual(labels(choice), ['guild (as typed)']);
    choice.enter();
    const list = await proposal();
    assert.equal(labels(list)[0], '$(edit) Choose Another Name…');
    list.enter();
    const name = await inputAsking(/Name/);
    name.type('app');
    name.enter();
    (await proposal()).enter();
    const job = await asked;
    assert.equal(job?.requestedImage, '1a2b3c4d5e6f');
    assert.equal(formatTarget(job.target), 'gitea.test/guild/app:latest');
  });

  test('an Enter that comes with the last key takes the whole text', async () => {
    const asked = askPush(sources(), { image: 'app:1' });
    const choice = await ownerList();
    choice.type('guil');
    const [row] = choice.shownRows();
    choice.type('guild');
    choice.take(row);
    (await proposal()).enter();
    assert.equal((await asked)?.target.repository, 'guild/app');
  });

  test('an Enter that overtakes the rows takes what was typed, and no other row', async () => {
    const listOf = async (): Promise<QuickInput> => {
      const list = await ownerList();
      assert.deepEqual(labels(list), ['dev (you)', 'team (public)', 'my-team', '$(edit) Another owner…']);
      return list;
    };
    const typed = askPush(sources(), { image: 'app:1' });
    (await listOf()).typeAndEnter('guild');
    (await proposal()).enter();
    assert.equal((await typed)?.target.repository, 'guild/app');

    const chosen = askPush(sources(), { image: 'app:1' });
    const list = await listOf();
    list.type('guild');
    list.typeAndEnter('team');
    (await proposal()).enter();
    assert.equal((await chosen)?.target.repository, 'team/app');
  });

  test('an owner whose name is the beginning of another’s can be typed by itself', async () => {
    const asked = askPush(sources(), { image: 'app:1' });
    const choice = await ownerList();
    choice.take(choice.items.at(-1));
    const box = await inputAsking(/User or organization/);
    box.type('a b');
    assert.match(await said(box), /cannot be an owner/);
    box.type('te');
    box.enter();
    (await proposal()).enter();
    assert.equal((await asked)?.target.repository, 'te/app');
  });
});

suite('an index of which the engine has a part', () => {
  const target = { host: 'gitea.test', repository: 'team/app', tag: '1' };
  const memory = { last: () => ({ origin: gitea.origin, target }), owners: () => ['team'] };
  const store = { list: () => [gitea], findByHost: () => gitea };
  const child = (architecture: string, more: Partial<EngineManifest> = {}): EngineManifest => ({
    digest: digestOf(Buffer.from(architecture)),
    ...{ isAvailable: true, platform: { os: 'linux', architecture }, size: 2_000_000, ...more },
  });
  const attestation = child('attestation', { platform: undefined, attests: child('amd64').digest, size: 1_000 });
  const index = (...manifests: EngineManifest[]): Partial<PushSources> => ({
    ...{ memory, store },
    inspect: () => Promise.resolve({ ...details, manifestType: mediaTypes.ociIndex, manifests }),
  });
  const details: ImageDetails = {
    ...{ id: child('index').digest, references: ['app:1'], diffIds: [], size: 1, createdAt: undefined },
    platform: { os: 'linux', architecture: 'amd64' },
  };

  test('is asked about: what is missing is named, and the rows say what would be pushed', async () => {
    const part = index(child('amd64'), child('arm64'), child('s390x', { isAvailable: false }), attestation);
    for (const [typed, platform] of [
      ['', 'all'],
      ['arm64', 'linux/arm64'],
    ] as const) {
      const asked = askPush(sources(part), { image: 'app:1' });
      (await inputAsking(/Where should app:1 go/)).enter();
      const list = await inputAsking(/does not have linux\/s390x of app:1\. What should be pushed\?/);
      assert.deepEqual(labels(list), [
        '$(layers) Everything that is here (linux/amd64, linux/arm64 · 1 attestation · 4.0 MB)',
        '$(package) Only linux/amd64 (2.0 MB · without attestations)',
        '$(package) Only linux/arm64 (2.0 MB · without attestations)',
      ]);
      if (typed !== '') list.type(`Only linux/${typed}`);
      list.enter();
      assert.equal((await asked)?.platform, platform);
    }
  });

  test('is not asked about where nothing can be chosen, or it is said already', async () => {
    const part = index(child('amd64'), child('arm64'), child('s390x', { isAvailable: false }));
    for (const [more, platform] of [
      [index(child('amd64'), child('arm64'), attestation), undefined],
      [index(child('amd64'), child('arm64', { isAvailable: false })), undefined],
      [part, 'linux/amd64'],
      [{ memory, store }, undefined],
    ] as const) {
      const asked = askPush(sources(more), { image: 'app:1', platform });
      (await inputAsking(/Where should app:1 go/)).enter();
      assert.ok(!('platform' in ((await asked) ?? assert.fail())));
    }
  });
});

suite('a name that Gitea does not take', () => {
  test('is not replaced by another local image’s without a warning', async () => {
    const asked = askPush(sources(), { image: 'x--y:1' });
    const list = await proposal();
    assert.match(String(list.items[0]?.detail), /“x-y” is also the name of another image here, of x-y:1/);
    list.enter();
    const box = await inputAsking(/Name/);
    box.type('x--y');
    assert.match(await said(box), /Try “x-y”\. But “x-y” is also the name of another image here, of x-y:1/);
    box.type('x-y-two');
    box.enter();
    (await proposal()).enter();
    assert.equal((await asked)?.target.repository, 'dev/x-y-two');
  });
});

suite('the proposed target', () => {
  const target = { host: 'gitea.test', repository: 'team/app', tag: '1' };
  const memory = { last: () => ({ origin: gitea.origin, target }), owners: () => ['team'] };
  const store = { list: () => [gitea], findByHost: (host: string) => (host === gitea.host ? gitea : undefined) };

  test('is the last one, and takes one Enter', async () => {
    const asked = askPush(sources({ memory, store }), { image: 'app:1' });
    const list = await proposal();
    assert.match(labels(list)[0] ?? '', /^\$\(cloud-upload\) Push to gitea\.test\/team\/app:1 \(as last time/);
    list.enter();
    assert.deepEqual(await asked, { image: 'app:1', requestedImage: 'app:1', connection: gitea, target });
  });

  test('of an image that was never pushed is the owner of the last push, or the person, and its own name and tag', async () => {
    for (const [more, repository] of [
      [{}, 'dev/app'],
      [{ memory: { last: () => undefined, owners: () => ['team'] } }, 'team/app'],
    ] as const) {
      const asked = askPush(sources(more), { image: 'app:1' });
      const list = await proposal();
      assert.match(labels(list)[0] ?? '', new RegExp(`Push to gitea\\.test/${repository}:1`));
      assert.doesNotMatch(labels(list)[0] ?? '', /last time/);
      list.enter();
      assert.equal((await asked)?.target.repository, repository);
    }
  });

  test('can be changed part by part, and is shown again after each', async () => {
    const asked = askPush(sources({ memory, store }), { image: 'app:1' });
    const choice = await ownerList();
    choice.type('dev');
    choice.enter();
    await change('Name');
    const name = await inputAsking(/Name/);
    assert.equal(name.value, 'app');
    name.type('api');
    name.enter();
    await change('Tag');
    const tag = await inputAsking(/Tag/);
    assert.equal(tag.value, '1');
    tag.type('2');
    tag.enter();
    const list = await proposal();
    assert.match(labels(list)[0] ?? '', /Push to gitea\.test\/dev\/api:2/);
    list.enter();
    assert.equal(formatTarget((await asked)?.target ?? assert.fail()), 'gitea.test/dev/api:2');
  });

  test('is shown again by going back from a part', async () => {
    const asked = askPush(sources({ memory, store }), { image: 'app:1' });
    await change('Tag');
    const tag = await inputAsking(/Tag/);
    tag.type('2');
    tag.goBack();
    const list = await proposal();
    assert.match(labels(list)[0] ?? '', /team\/app:1/);
    list.enter();
    assert.equal((await asked)?.target.tag, '1');
  });

  test('of several registries can be changed to another one: owner and name are proposed anew', async () => {
    const other = connectionTo('https://other.test');
    const both = { list: () => [gitea, other], findByHost: () => gitea };
    const asked = askPush(sources({ memory, store: both }), { image: 'app:1' });
    await change('Registry');
    const list = await inputAsking(/Which registry/);
    list.type('other');
    list.enter();
    const again = await proposal();
    assert.match(labels(again)[0] ?? '', /Push to other\.test\/team\/app:1/);
    again.enter();
    assert.equal((await asked)?.connection.origin, 'https://other.test');
  });

  test('can be typed as a repository of the registry', async () => {
    const asked = askPush(sources({ memory, store }), { image: 'app:1' });
    const list = await proposal();
    list.type('guild/tool:3');
    assert.deepEqual(labels(list), ['$(cloud-upload) Push to gitea.test/guild/tool:3 (as typed)']);
    list.enter();
    assert.equal(formatTarget((await asked)?.target ?? assert.fail()), 'gitea.test/guild/tool:3');
  });
});

suite('a push dialog that starts with a destination', () => {
  const destination = { connection: gitea, target: { host: 'gitea.test', repository: 'team/app', tag: '1' } };

  test('to change it proposes that one', async () => {
    const asked = askPush(sources(), { image: 'app:1', edit: destination });
    const choice = await ownerList();
    assert.equal(labels(choice)[0], 'team (public)');
    choice.enter();
    await change('Name');
    const name = await inputAsking(/Name/);
    assert.equal(name.value, 'app');
    name.enter();
    await change('Tag');
    const tag = await inputAsking(/Tag/);
    assert.equal(tag.value, '1');
    tag.type('2');
    tag.enter();
    (await proposal()).enter();
    assert.equal(formatTarget((await asked)?.target ?? assert.fail()), 'gitea.test/team/app:2');
  });

  test('of an image of a selection asks only for name and tag', async () => {
    const under = { connection: gitea, owner: 'team' };
    const asked = askPush(sources(), { image: 'tool:armv7', under });
    (await inputAsking(/Name/)).enter();
    (await inputAsking(/Tag/)).enter();
    assert.equal(formatTarget((await asked)?.target ?? assert.fail()), 'gitea.test/team/tool:armv7');
  });
});
