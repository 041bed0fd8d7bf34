import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { TeaChestError } from '../../../src/core/base/errors.ts';
import type { PushEvent } from '../../../src/core/push/pushEvents.ts';
import { startFakeGitea, type FakeGitea } from '../../fakeGitea/fakeGitea.ts';
import type { Engine } from '../../tools/engine.ts';
import { buildImage, inspectImage, loadImage } from '../../tools/images.ts';
import { startNewEngine } from '../../tools/newEngine.ts';
import { addIndex, addPlatform, Blobs, loadLayout } from '../../tools/ociLayout.ts';
import { provision } from '../../tools/provision.ts';
import { startRegistry, type Registry } from '../../tools/registry.ts';
import { plainGzip } from '../../unit/push/fakes.ts';
import { makeRig, type PushRig } from '../push/rig.ts';

const dev = { username: 'dev', secret: 'dev pässword: with everything' };

/** The rig checks every push by skopeo, which reads the published image and hashes all of it. */
describe('what a push from containerd’s store publishes is one image', { timeout: 600_000 }, () => {
  let engine: Engine;
  let registry: Registry;
  let gitea: FakeGitea;
  before(async () => {
    await provision(['engine', 'registry', 'skopeo']);
    [engine, registry, gitea] = await Promise.all([
      startNewEngine({ containerdStore: true }),
      startRegistry(),
      startFakeGitea({ tls: 'valid' }),
    ]);
  });
  after(async () => {
    await Promise.all([engine.stop(), registry.stop(), gitea.close()]);
  });

  for (const name of ['Gitea', 'docker-registry'] as const)
    describe(`in ${name}`, () => {
      let rig: PushRig;
      let owner: string;
      before(async () => {
        const trust = { pinnedFingerprint: gitea.fingerprint256 ?? '' };
        rig =
          name === 'Gitea'
            ? await makeRig({ engine, url: gitea.url, codec: plainGzip, credential: dev, trust })
            : await makeRig({ engine, url: registry.origin, codec: plainGzip });
        owner = name === 'Gitea' ? 'dev' : `team-${name}`;
      });
      after(() => rig.close());

      const build = (tag: string) =>
        buildImage(engine, { tags: [tag], layers: [{ files: { base: randomBytes(300_000) } }, { files: { tag } }] });

      it('where the engine pushed it first, and now is too far away to push to us', async () => {
        await build('far:1');
        await rig.push('far:1', `${owner}/far:1`, { strategy: 'relay' });
        rig.clearCache();
        for (const tag of ['2', '3']) await rig.push('far:1', `${owner}/far:${tag}`);
        await rig.push('far:1', `${owner}/far-away:1`);
      });

      it('where it has lost its name and is named by its ID', async () => {
        const { id } = await build('named:1');
        await rig.push('named:1', `${owner}/named:1`, { strategy: 'relay' });
        await engine.docker(['tag', 'named:1', 'keeper:1']);
        await build('named:1');
        await engine.docker(['rmi', 'keeper:1']).catch(() => undefined);
        const isThere = await inspectImage(engine, id).then(
          () => true,
          () => false,
        );
        if (isThere) await rig.push(id, `${owner}/named:2`, { isNear: true });
        await rig.push('named:1', `${owner}/named:3`, { isNear: true });
      });

      it('where it has no layers, under a second and a third tag, and elsewhere', async () => {
        await loadImage(engine, { tags: ['hollow:1'], layers: [] });
        await rig.push('hollow:1', `${owner}/hollow:1`, { strategy: 'relay' });
        await rig.push('hollow:1', `${owner}/hollow:2`, { isNear: true });
        await rig.push('hollow:1', `${owner}/hollow-too:1`, { isNear: true });
      });

      it('where two tags of it are pushed at a time, and each blob is sent once', async () => {
        const { size } = await build('twin:1');
        const pushes = ['1', '2'].map((tag) => rig.push('twin:1', `${owner}/twin:${tag}`, { strategy: 'relay' }));
        const results = await Promise.all(pushes);
        const sent = results.reduce((sum, { uploadedBytes }) => sum + uploadedBytes, 0);
        assert.ok(sent > 300_000 && sent < size * 1.5, `${sent} bytes were sent of an image of ${size}`);
      });

      it('an index as far as it is here: one platform, which the engine says, and both once both are here', async () => {
        const source = `${registry.host}/platforms/${owner.toLowerCase()}:1`;
        const blobs = new Blobs();
        const [amd, arm] = [await addPlatform(blobs, 'amd64'), await addPlatform(blobs, 'arm64')];
        const top = addIndex(blobs, [
          { ...amd, platform: { os: 'linux', architecture: 'amd64' } },
          { ...arm, platform: { os: 'linux', architecture: 'arm64' } },
        ]);
        await loadLayout(engine, blobs, top, source);
        await engine.docker(['push', source]);
        await engine.docker(['rmi', source]);
        await engine.docker(['pull', '--platform', 'linux/amd64', source]);
        const push = () => rig.push(source, `${owner}/multi:1`, { isNear: true });
        const one = await push();
        assert.equal(one.digest, amd.digest);
        assert.match(one.notices.join(), /only the available single-platform image was pushed: linux\/amd64/);
        const again = await push();
        assert.deepEqual([again.strategy, again.digest, again.notices], ['none', amd.digest, one.notices]);
        await engine.docker(['pull', '--platform', 'linux/arm64', source]);
        const both = await push();
        assert.deepEqual([both.strategy, both.digest, both.notices], ['relay', top.digest, []]);
        assert.equal((await push()).strategy, 'none');
        await engine.docker(['rmi', source]);
      });

      it('and what it has lost is sent again, where that is asked for', async () => {
        await build('checked:1');
        const first = await rig.push('checked:1', `${owner}/checked:1`, { strategy: 'relay' });
        const again = await rig.push('checked:1', `${owner}/checked:1`, { strategy: 'relay', recheck: true });
        assert.deepEqual([again.strategy, again.digest, again.uploadedBytes], ['relay', first.digest, 0]);
      });

      it('the one that was chosen, where its name moves on while it is pushed, or a clear error that it is gone', async () => {
        const chosen = await buildImage(engine, {
          tags: ['moving:1'],
          layers: [{ files: { base: randomBytes(20_000_000) } }],
        });
        let moved: Promise<unknown> | undefined;
        const onEvent = (event: PushEvent): void => {
          if (event.type === 'layer' && event.status.storedBytes > 1_000_000) moved ??= build('moving:1');
        };
        const result = await rig.push('moving:1', `${owner}/moving:1`, { strategy: 'relay', onEvent });
        await moved;
        assert.ok(moved !== undefined);
        assert.equal(result.digest, chosen.id);
        const doomed = await buildImage(engine, {
          tags: ['doomed:1'],
          layers: [{ files: { base: randomBytes(20_000_000) } }],
        });
        let removed: Promise<unknown> | undefined;
        const remove = (event: PushEvent): void => {
          if (event.type === 'stage' && event.stage === 'export') removed ??= engine.docker(['rmi', '-f', doomed.id]);
        };
        const outcome: unknown = await rig
          .push('doomed:1', `${owner}/doomed:1`, { strategy: 'relay', onEvent: remove })
          .catch((error: unknown) => error);
        await removed?.catch(() => undefined);
        // The image may have been published before the engine removed it. Then the rig has checked it.
        if (!(outcome instanceof Error)) return;
        assert.ok(outcome instanceof TeaChestError);
        assert.deepEqual([outcome.code, outcome.stage], ['imageNotFound', 'export'], outcome.message);
        assert.match(outcome.message, /removed meanwhile/);
      });
    });
});
