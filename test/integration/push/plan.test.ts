import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, afterEach, before, describe, it } from 'node:test';
import type { PushResult } from '../../../src/core/push/pushEvents.ts';
import type { ImagePlan, PlannedState } from '../../../src/core/push/plan/pushPlan.ts';
import { startFakeGitea, type FakeGitea } from '../../fakeGitea/fakeGitea.ts';
import type { Engine } from '../../tools/engine.ts';
import { startPrivateEngine } from '../../tools/engine.ts';
import { buildImage } from '../../tools/images.ts';
import { startNewEngine } from '../../tools/newEngine.ts';
import { plainGzip } from '../../unit/push/fakes.ts';
import { makeRig, type PushRig } from './rig.ts';

const dev = { username: 'dev', secret: 'dev pässword: with everything' };
const random = (size: number): { readonly files: Record<string, Buffer> } => ({
  files: { [`file-${size}`]: randomBytes(size) },
});

/** Stored bytes of the layers in these states. */
function bytesOf({ layers }: ImagePlan, ...states: readonly PlannedState[]): number {
  return layers.reduce((sum, { state, storedBytes = 0 }) => (states.includes(state) ? sum + storedBytes : sum), 0);
}

for (const store of ['classic', 'containerd'] as const) {
  describe(`a plan and the push after it, with docker’s ${store} store`, () => {
    let engine: Engine;
    let fakeGitea: FakeGitea;
    let rig: PushRig;
    const how = store === 'classic' ? {} : ({ strategy: 'relay' } as const);

    before(async () => {
      [engine, fakeGitea] = await Promise.all([
        store === 'classic' ? startPrivateEngine() : startNewEngine({ containerdStore: true }),
        startFakeGitea(),
      ]);
      const base = [random(3_000_000), random(200_000)];
      await buildImage(engine, { tags: ['app:1'], layers: base });
      await buildImage(engine, { tags: ['app:2'], layers: [...base, random(500_000)] });
      rig = await makeRig({ engine, url: fakeGitea.url, codec: plainGzip, credential: dev });
    });
    after(async () => {
      await rig.close();
      await Promise.all([engine.stop(), fakeGitea.close()]);
    });
    afterEach(() => {
      assert.deepEqual(fakeGitea.openSessions(), []);
    });

    /** Plans, and sees that the registry was asked nothing that changes it. */
    async function plan(image: string, target: string): Promise<ImagePlan> {
      fakeGitea.clearRequests();
      const tags = fakeGitea.tags('dev', target.slice(4, target.indexOf(':')));
      const made = await rig.plan(image, target, how);
      const changing = fakeGitea.requests.filter(({ method }) => method !== 'GET' && method !== 'HEAD');
      assert.deepEqual(
        changing.map(({ method, path }) => `${method} ${path}`),
        [],
      );
      assert.deepEqual(fakeGitea.tags('dev', target.slice(4, target.indexOf(':'))), tags);
      return made;
    }

    const push = (image: string, target: string): Promise<PushResult> => rig.push(image, target, how);

    it('of a first push gives the most that is sent, and the push sends no more', async () => {
      const made = await plan('app:1', 'dev/app:1');
      assert.deepEqual(
        made.layers.map(({ state }) => state),
        ['unknown', 'unknown'],
      );
      assert.deepEqual([made.tag.state, made.send.precision], ['free', 'atMost']);
      const { uploadedBytes, digest } = await push('app:1', 'dev/app:1');
      const { bytes = 0 } = made.send;
      assert.ok(uploadedBytes > 3_000_000 && uploadedBytes < bytes * 1.02, `${uploadedBytes} of ${bytes}`);
      if (made.tag.expected !== undefined) assert.equal(digest, made.tag.expected);
    });

    it('of an image that is there is certain that nothing is sent', async () => {
      const made = await plan('app:1', 'dev/app:1');
      assert.deepEqual([made.tag.state, made.send], ['same', { bytes: 0, precision: 'exact' }]);
      const { uploadedBytes, skippedBytes, digest } = await push('app:1', 'dev/app:1');
      assert.equal(uploadedBytes, 0);
      assert.equal(made.tag.digest, digest);
      assert.ok(Math.abs(skippedBytes - bytesOf(made, 'exists')) < 20_000);
    });

    it('of a changed image names the tag that is overwritten', async () => {
      const made = await plan('app:2', 'dev/app:1');
      assert.equal(made.tag.state, 'other');
      assert.equal(made.tag.digest, (await fakeGitea.manifest('dev', 'app', '1'))?.digest);
    });

    it('knows to the byte what is sent, there and mounted, once an earlier push has made the blobs', async () => {
      const first = await push('app:2', 'dev/app:2');
      const there = await plan('app:2', 'dev/app:3');
      assert.deepEqual(
        [there.send, bytesOf(there, 'send', 'unknown', 'mountable')],
        [{ bytes: 0, precision: 'exact' }, 0],
      );
      const again = await push('app:2', 'dev/app:3');
      assert.equal(again.uploadedBytes, 0);
      assert.ok(Math.abs(again.skippedBytes - bytesOf(there, 'exists')) < 20_000);

      const moved = await plan('app:2', 'dev/other:1');
      assert.deepEqual(
        moved.layers.map(({ state, knownIn }) => [state, knownIn]),
        [
          ['mountable', 'dev/app'],
          ['mountable', 'dev/app'],
          ['mountable', 'dev/app'],
        ],
      );
      const mounted = await push('app:2', 'dev/other:1');
      assert.ok(Math.abs(mounted.mountedBytes - bytesOf(moved, 'mountable')) < 20_000, JSON.stringify(mounted));
      assert.equal(mounted.digest, first.digest);
    });
  });
}
