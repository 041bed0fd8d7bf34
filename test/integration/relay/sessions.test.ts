import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { after, before, suite, test } from 'node:test';
import { TeaChestError } from '../../../src/core/base/errors.ts';
import type { PushEvent } from '../../../src/core/push/pushEvents.ts';
import { textReply } from '../../fakeGitea/http/reply.ts';
import { startFakeGitea, type FakeGitea } from '../../fakeGitea/fakeGitea.ts';
import { startPrivateEngine, type Engine } from '../../tools/engine.ts';
import { buildImage, type Layer } from '../../tools/images.ts';
import { provision } from '../../tools/provision.ts';
import { startRegistry, type Registry } from '../../tools/registry.ts';
import { plainGzip } from '../../unit/push/fakes.ts';
import { makeRig, type PushRig } from '../push/rig.ts';

/** However a relay ends, no upload session stays open in the registry. */
suite('upload sessions of a relay', { timeout: 300_000 }, () => {
  let engine: Engine;
  let gitea: FakeGitea;
  let registry: Registry;
  const rigs = new Map<string, PushRig>();

  before(async () => {
    await provision(['engine', 'registry', 'skopeo']);
    [engine, gitea, registry] = await Promise.all([
      startPrivateEngine(),
      startFakeGitea({ tls: 'valid' }),
      startRegistry(),
    ]);
    const dev = { username: 'dev', secret: 'dev pässword: with everything' };
    const trust = { pinnedFingerprint: gitea.fingerprint256 ?? '' };
    rigs.set('Gitea', await makeRig({ engine, url: gitea.url, codec: plainGzip, credential: dev, trust }));
    rigs.set(
      'docker-registry',
      await makeRig({ engine, url: registry.origin, codec: plainGzip, trust: { allowHttp: true } }),
    );
  });

  after(async () => {
    await Promise.all([...rigs.values()].map((rig) => rig.close()));
    await Promise.all([engine.stop(), gitea.close(), registry.stop()]);
  });

  const build = (name: string): Promise<unknown> => {
    // Large enough for a session: a small blob goes in the POST itself.
    const own: Layer = { files: { 'app/own': randomBytes(3_000_000) } };
    return buildImage(engine, { tags: [name], layers: [{ megabytes: 40 }, { megabytes: 20 }, own] });
  };

  async function nothingIsLeft(rig: PushRig): Promise<void> {
    assert.deepEqual(gitea.openSessions(), []);
    assert.deepEqual(await rig.leftovers(), []);
    assert.doesNotMatch((await engine.docker(['image', 'ls', '--all'])).stdout, /tea-chest/);
  }

  /** Of sessions that are over docker-registry may keep folders; bytes only of those that are open. */
  async function sessionsOfRegistry(): Promise<string[]> {
    const stored = await readdir(registry.dataFolder, { recursive: true });
    return stored.filter((path) => /_uploads\/[^/]+\/(data|startedat)$/.test(path));
  }

  async function pushAndCancel(rig: PushRig, image: string): Promise<void> {
    const stop = new AbortController();
    const onEvent = (event: PushEvent): void => {
      if (event.type === 'layer' && event.status.sentBytes > 1_000_000) stop.abort();
    };
    const work = rig.push(image, 'dev/cancelled:1', { strategy: 'relay', signal: stop.signal, onEvent });
    await assert.rejects(work, { code: 'cancelled' });
  }

  test('none is open on Gitea after one that was cancelled, nor after the next one', async () => {
    const rig = rigs.get('Gitea') ?? assert.fail('no rig for Gitea');
    await build('cancelled:1');
    await pushAndCancel(rig, 'cancelled:1');
    await nothingIsLeft(rig);
    const pushed = await rig.push('cancelled:1', 'dev/cancelled:1', { strategy: 'relay' });
    assert.equal(pushed.strategy, 'relay');
    await nothingIsLeft(rig);
  });

  // docker-registry cannot delete a session that was cancelled during a chunk: see test/integration/registry.
  test('none is open on docker-registry after one that went well, nor is anything left of one that was cancelled', async () => {
    const rig = rigs.get('docker-registry') ?? assert.fail('no rig for docker-registry');
    await build('plain:1');
    assert.equal((await rig.push('plain:1', 'dev/plain:1', { strategy: 'relay' })).strategy, 'relay');
    assert.deepEqual(await sessionsOfRegistry(), []);
    await nothingIsLeft(rig);
    await build('plain:2');
    rig.clearCache();
    await pushAndCancel(rig, 'plain:2');
    await nothingIsLeft(rig);
  });

  test('none is open on Gitea after one that it refused in the middle of an upload', async () => {
    const rig = rigs.get('Gitea') ?? assert.fail('no rig for Gitea');
    await build('refused:1');
    rig.clearCache();
    // By chunks or in one request, as the uploader sees fit.
    const faults = ['PATCH', 'PUT'].map((method) =>
      gitea.faults.add({
        method,
        path: /\/blobs\/uploads\//,
        times: Infinity,
        action: { kind: 'answer', reply: textReply(403, 'no room is left, says the test') },
      }),
    );
    const work = rig.push('refused:1', 'team/refused:1', { strategy: 'relay' });
    await assert.rejects(work, (error) => {
      assert.ok(error instanceof TeaChestError);
      assert.match(error.message, /no room is left, says the test/);
      return true;
    });
    for (const fault of faults) fault.remove();
    assert.ok(faults.some(({ strikes }) => strikes > 0));
    await nothingIsLeft(rig);
  });
});
