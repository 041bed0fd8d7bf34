import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { buildWasm } from '../../../scripts/buildWasm.mjs';
import { TeaChestError } from '../../../src/core/base/errors.ts';
import { createCodec } from '../../../src/core/compress/codecs.ts';
import { WorkerPool } from '../../../src/core/compress/encoder/workerPool.ts';
import type { LayerCodec } from '../../../src/core/ports/layerCodec.ts';
import type { PushEvent } from '../../../src/core/push/pushEvents.ts';
import { startFakeGitea, type FakeGitea } from '../../fakeGitea/fakeGitea.ts';
import { startPrivateEngine, type Engine } from '../../tools/engine.ts';
import { buildImage, loadImage, sizes, type BuiltImage } from '../../tools/images.ts';
import { copyBySkopeo, differences, pullByEngine } from '../../tools/verifyPull.ts';
import { startRegistry, type Registry } from '../../tools/registry.ts';
import { makeScratch } from '../../tools/scratch.ts';
import { severableSocket } from '../../tools/severableSocket.ts';
import { workerFile } from '../../unit/compress/testPool.ts';
import { makeRig, type PushRig } from './rig.ts';

const dev = { username: 'dev', secret: 'dev pässword: with everything' };

async function failureOf(work: Promise<unknown>): Promise<TeaChestError> {
  const error: unknown = await work.then(
    () => assert.fail('the push should have failed'),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof TeaChestError, String(error));
  return error;
}

/** Not of the tools that look at what was published. */
const isOurs = ({ headers }: { readonly headers: { readonly 'user-agent'?: string | undefined } }): boolean =>
  headers['user-agent']?.startsWith('tea-chest') === true;

describe('a push from a real engine', () => {
  let engine: Engine;
  let medium: BuiltImage;
  let pool: WorkerPool;
  let gzip: LayerCodec;
  let none: LayerCodec;
  before(async () => {
    pool = new WorkerPool({ worker: workerFile, deflate: await buildWasm(), size: 2 });
    gzip = createCodec('gzip', undefined, pool);
    none = createCodec('none', undefined, pool);
    engine = await startPrivateEngine();
    medium = await buildImage(engine, { tags: ['medium:1'], layers: sizes.medium });
  });
  after(async () => {
    await pool.close();
    await engine.stop();
  });

  /** Content that no registry has seen and no codec makes smaller: one layer of each size in megabytes. */
  function freshImage(tag: string, ...megabytes: number[]): Promise<BuiltImage> {
    const layers = megabytes.map((size) => ({ files: { random: randomBytes(size * 1e6) } }));
    return buildImage(engine, { tags: [tag], layers });
  }

  /** Compares digests, sizes and content with the engine's image, by skopeo and by a second engine. */
  async function assertSame(
    local: BuiltImage,
    reference: string,
    digest: string,
    credentials?: typeof dev,
  ): Promise<void> {
    const copy = await copyBySkopeo(reference, credentials);
    assert.deepEqual(differences(local, copy), []);
    assert.equal(copy.manifestDigest, digest);
    const puller = await startPrivateEngine();
    try {
      const pulled = await pullByEngine(puller, reference, credentials);
      assert.equal(pulled.id, local.id);
      assert.deepEqual(pulled.diffIds, local.diffIds);
    } finally {
      await puller.stop();
    }
  }

  describe('to docker-registry', () => {
    let registry: Registry;
    let rig: PushRig;
    before(async () => {
      registry = await startRegistry();
      rig = await makeRig({ engine, url: registry.origin, codec: gzip });
    });
    after(async () => {
      await rig.close();
      await registry.stop();
    });

    it('arrives bit for bit, and the second time moves nothing', async () => {
      const result = await rig.push('medium:1', 'team/medium:1');
      await assertSame(medium, result.reference, result.digest);
      const again = await rig.push('medium:1', 'team/medium:1');
      assert.deepEqual([again.strategy, again.uploadedBytes, again.digest], ['none', 0, result.digest]);
      assert.deepEqual(await rig.leftovers(), []);
    });

    it('takes layers from a repository of the same registry instead of sending them', async () => {
      const result = await rig.push('medium:1', 'team/elsewhere:1');
      assert.equal(result.strategy, 'none');
      assert.ok(result.mountedBytes > 1e6 && result.uploadedBytes < 1e5, JSON.stringify(result));
    });
  });

  describe('to Gitea', () => {
    let fakeGitea: FakeGitea;
    let rig: PushRig;
    before(async () => {
      fakeGitea = await startFakeGitea({ tls: 'valid' });
      rig = await connect(fakeGitea);
    });
    after(async () => {
      await rig.close();
      await fakeGitea.close();
    });
    beforeEach(() => {
      rig.clearCache();
      fakeGitea.clearRequests();
    });
    afterEach(async () => {
      fakeGitea.faults.clear();
      assert.deepEqual(fakeGitea.openSessions(), [], 'an upload session stayed open');
      assert.deepEqual(await rig.leftovers(), [], 'the spool was not cleaned');
    });

    function connect(to: FakeGitea): Promise<PushRig> {
      const trust = { pinnedFingerprint: to.fingerprint256 ?? assert.fail() };
      return makeRig({ engine, url: to.url, codec: gzip, credential: dev, trust });
    }

    it('arrives bit for bit over https, and the second time is one question', async () => {
      const result = await rig.push('medium:1', 'dev/medium:1');
      await assertSame(medium, result.reference, result.digest, dev);
      fakeGitea.clearRequests();
      const again = await rig.push('medium:1', 'dev/medium:1');
      assert.equal(again.digest, result.digest);
      assert.deepEqual(
        fakeGitea.requests.filter(isOurs).map(({ method, path }) => `${method} ${path}`),
        ['HEAD /v2/dev/medium/manifests/1'],
      );
    });

    it('sends only what changed, and mounts what another owner’s image has', async () => {
      await rig.push('medium:1', 'dev/medium:1');
      await buildImage(engine, { tags: ['medium:2'], layers: [...sizes.medium, { files: { new: 'layer' } }] });
      const changed = await rig.push('medium:2', 'dev/medium:2');
      assert.ok(changed.uploadedBytes < 10_000, `${changed.uploadedBytes} bytes were sent`);
      const other = await rig.push('medium:2', 'team/medium:2');
      assert.ok(other.mountedBytes > 1e6 && other.uploadedBytes < 10_000, JSON.stringify(other));
    });

    it('pushes unusual images: the same layer twice, empty layers, no tag', async () => {
      const twice = await buildImage(engine, {
        tags: ['twice:1'],
        layers: [{ megabytes: 1 }, { files: { a: 'b' } }, { sameAs: 0 }],
      });
      const empty = await loadImage(engine, { tags: ['empty:1'], layers: [{}, { file: 'x' }, {}] });
      for (const [name, image] of Object.entries({ twice, empty })) {
        const result = await rig.push(image.id, `dev/${name}:by-id`);
        const copy = await copyBySkopeo(result.reference, dev);
        assert.deepEqual(differences(image, copy), [], name);
      }
      const untagged = await buildImage(engine, { tags: ['soon-gone:1'], layers: [{ files: { x: 'untagged' } }] });
      await engine.docker(['tag', 'twice:1', 'soon-gone:1']);
      const result = await rig.push(untagged.id, 'dev/untagged:1');
      assert.deepEqual(differences(untagged, await copyBySkopeo(result.reference, dev)), []);
    });

    it('says which owner does not exist, and which refuses, before the engine is asked for bytes', async () => {
      const events: PushEvent[] = [];
      const onEvent = (event: PushEvent): void => void events.push(event);
      const unknown = await failureOf(rig.push('medium:1', 'nosuch/medium:1', { onEvent }));
      assert.deepEqual([unknown.code, unknown.stage], ['ownerNotFound', 'plan']);
      assert.match(unknown.message, /nosuch/);
      const refused = await failureOf(rig.push('medium:1', 'readers/medium:1', { onEvent }));
      assert.deepEqual([refused.code, refused.stage], ['accessDenied', 'plan']);
      assert.match(refused.message, /reqPackageAccess/);
      assert.ok(!events.some(({ type }) => type === 'received'));
    });

    it('logs in again when the token expires in mid-push', async () => {
      fakeGitea.faults.add({ method: 'PATCH', action: { kind: 'expireTokens' } });
      fakeGitea.faults.add({ method: 'PUT', path: /manifests/, action: { kind: 'expireTokens' } });
      const fresh = await freshImage('expired:1', 3, 1);
      const result = await rig.push('expired:1', 'dev/expired:1');
      const logins = fakeGitea.requests.filter(({ path }) => path.startsWith('/v2/token'));
      assert.ok(logins.length >= 2, 'no new token was fetched');
      assert.deepEqual(differences(fresh, await copyBySkopeo(result.reference, dev)), []);
    });

    it('restarts an upload whose session is unusable, and survives lost responses, 502s and a 1 MB body limit', async () => {
      const broken = fakeGitea.faults.add({ method: 'PATCH', action: { kind: 'cutRequest', afterBytes: 300_000 } });
      fakeGitea.faults.add({ method: 'PUT', path: /uploads/, action: { kind: 'loseAnswer' } });
      const badGateway = { status: 502, headers: { 'content-type': 'text/html' }, body: '<h1>502 Bad Gateway</h1>' };
      fakeGitea.faults.add({ method: 'HEAD', path: /blobs/, action: { kind: 'answer', reply: badGateway } });
      fakeGitea.faults.add({ method: 'PATCH', times: Infinity, action: { kind: 'bodyLimit', bytes: 1_000_000 } });
      const odd = await freshImage('odd:1', 12, 1);
      const result = await rig.push('odd:1', 'dev/odd:1');
      assert.deepEqual(differences(odd, await copyBySkopeo(result.reference, dev)), []);
      assert.equal(broken.strikes, 1);
      assert.ok(fakeGitea.requests.filter(({ method, status }) => method === 'PATCH' && status === 202).length > 12);
    });

    it('names the registry that is down at each step, and keeps the old tag', async () => {
      await freshImage('small:1', 1);
      await rig.push('small:1', 'dev/steps:1');
      const before = await fakeGitea.manifest('dev', 'steps', '1');
      await freshImage('small:2', 1, 1);
      const steps: [string, RegExp, string][] = [
        ['POST', /uploads/, 'plan'],
        ['HEAD', /blobs/, 'upload'],
        ['PATCH', /uploads/, 'upload'],
        ['PUT', /uploads/, 'upload'],
        ['PUT', /manifests/, 'manifest'],
      ];
      for (const [method, path, stage] of steps) {
        const down = { status: 503, headers: { 'content-type': 'text/plain' }, body: 'the database is being moved' };
        fakeGitea.faults.add({ method, path, times: Infinity, action: { kind: 'answer', reply: down } });
        const error = await failureOf(rig.push('small:2', 'dev/steps:1'));
        assert.deepEqual(
          [error.code, error.stage],
          ['registryFailed', stage],
          `${method} ${String(path)}: ${error.message}`,
        );
        // A HEAD has no body to say why.
        if (method !== 'HEAD') assert.match(error.message, /the database is being moved/);
        assert.deepEqual(await fakeGitea.manifest('dev', 'steps', '1'), before);
        fakeGitea.faults.clear();
        for (const { id } of fakeGitea.openSessions()) assert.fail(`session ${id} stayed open after ${method}`);
      }
    });

    it('stops at once when it is cancelled, and leaves no tag, no session, no file', async () => {
      fakeGitea.faults.add({ method: 'PATCH', action: { kind: 'stall', afterBytes: 500_000 } });
      const controller = new AbortController();
      const onEvent = (event: PushEvent): void => {
        if (event.type === 'layer' && event.status.sentBytes > 400_000) controller.abort();
      };
      await freshImage('cancelled:1', 5);
      const error = await failureOf(
        rig.push('cancelled:1', 'dev/cancelled:1', { signal: controller.signal, onEvent, codec: none }),
      );
      assert.equal(error.code, 'cancelled');
      assert.deepEqual(fakeGitea.tags('dev', 'cancelled'), []);
    });

    it('stops as quickly while a large layer is still being read', async () => {
      await freshImage('cancelled:2', 80);
      const controller = new AbortController();
      const states = new Set<string>();
      const onEvent = (event: PushEvent): void => {
        if (event.type !== 'layer' || event.status.sentBytes === 0) return;
        states.add(event.status.state);
        controller.abort();
      };
      const error = await failureOf(
        rig.push('cancelled:2', 'dev/cancelled:2', { signal: controller.signal, onEvent, codec: none }),
      );
      assert.equal(error.code, 'cancelled');
      assert.deepEqual([...states], ['reading'], 'the layer was complete before anything of it was sent');
      assert.deepEqual(fakeGitea.tags('dev', 'cancelled'), []);
    });

    it('sends blobs again that a clean-up removed before the manifest came', async () => {
      const image = await freshImage('cleaned:1', 2, 1);
      const fault = fakeGitea.faults.add({
        method: 'PUT',
        path: /manifests/,
        action: { kind: 'delay', ms: 500 },
        onStrike: () => void fakeGitea.cleanUp(),
      });
      const result = await rig.push('cleaned:1', 'dev/cleaned:1');
      assert.equal(fault.strikes, 1);
      assert.equal(
        fakeGitea.requests.filter(({ method, path }) => method === 'PUT' && path.includes('/manifests/')).length,
        2,
      );
      assert.deepEqual(differences(image, await copyBySkopeo(result.reference, dev)), []);
    });

    it('says that the disk for the spool is full, and which', async (t) => {
      const scratch = await makeScratch('small-disk');
      const disk = join(scratch.path, 'disk');
      await mkdir(disk);
      try {
        execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', disk]);
      } catch {
        t.skip('needs the right to mount a small disk');
        return;
      }
      try {
        const error = await failureOf(rig.push('medium:1', 'dev/full:1', { spoolRoot: disk, codec: none }));
        assert.deepEqual([error.code, error.stage], ['spoolFull', 'spool']);
        assert.ok(error.message.includes(disk));
        assert.equal(execFileSync('ls', [disk]).toString(), '');
        assert.deepEqual(fakeGitea.tags('dev', 'full'), []);
      } finally {
        execFileSync('umount', [disk]);
        await scratch.remove();
      }
    });

    it('says that the image is gone, whether before or while it is pushed', async () => {
      const missing = await failureOf(rig.push('not-there:1', 'dev/gone:1'));
      assert.deepEqual([missing.code, missing.stage], ['imageNotFound', 'inspect']);
      assert.match(missing.message, /not-there:1/);
      const doomed = await buildImage(engine, { tags: ['doomed:1'], layers: [{ files: { a: 'doomed' } }] });
      fakeGitea.faults.add({ method: 'POST', action: { kind: 'delay', ms: 700 } });
      const pushing = failureOf(rig.push('doomed:1', 'dev/gone:1'));
      await engine.docker(['rmi', doomed.id]);
      const gone = await pushing;
      assert.equal(gone.code, 'imageNotFound', gone.message);
    });

    it('says that the engine went away in mid-export', async () => {
      const socket = await severableSocket(engine.host);
      const trust = { pinnedFingerprint: fakeGitea.fingerprint256 ?? '' };
      const own = await makeRig({ engine: socket, url: fakeGitea.url, codec: gzip, credential: dev, trust });
      try {
        await freshImage('mortal:1', 30, 30);
        const onEvent = (event: PushEvent): void => {
          if (event.type === 'received' && event.bytes > 1_000_000) socket.sever();
        };
        const error = await failureOf(own.push('mortal:1', 'dev/mortal:1', { onEvent }));
        assert.deepEqual([error.code, error.stage], ['engineLost', 'export'], error.message);
        assert.deepEqual(await own.leftovers(), []);
        const after = await failureOf(own.push('mortal:1', 'dev/mortal:1'));
        assert.equal(after.stage, 'inspect');
      } finally {
        await own.close();
        await socket.close();
      }
    });
  });
});
