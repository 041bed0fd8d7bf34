import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, afterEach, before, describe, it } from 'node:test';
import { buffer } from 'node:stream/consumers';
import { gunzipSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { pack } from 'tar-stream';
import { TeaChestError } from '../../../src/core/base/errors.ts';
import { startFakeGitea, type FakeGitea } from '../../fakeGitea/fakeGitea.ts';
import { startPrivateEngine, type Engine } from '../../tools/engine.ts';
import { loadImage } from '../../tools/images.ts';
import { startNewEngine } from '../../tools/newEngine.ts';
import { addAttestation, addIndex, addPlatform, Blobs, digestOf, oci, type Described } from '../../tools/ociLayout.ts';
import { startPodman } from '../../tools/podman.ts';
import { provision } from '../../tools/provision.ts';
import { startRegistry, type Registry } from '../../tools/registry.ts';
import { copyAllBySkopeo, pushByEngine } from '../../tools/verifyPull.ts';
import { dev } from '../../unit/gitea/testClient.ts';
import { openPullRig, readSaved, store, type PullRig } from './pullRig.ts';

interface Kind {
  readonly name: string;
  readonly start: () => Promise<Engine>;
  /** The way that it takes to a registry on this machine. */
  readonly way: 'relay' | 'archive';
  /** It calls an image by its index. */
  readonly storesBlobs: boolean;
}

const inMemory = { dataParent: '/dev/shm' };
const kinds: readonly Kind[] = [
  { name: 'Docker 20.10', start: () => startPrivateEngine(inMemory), way: 'relay', storesBlobs: false },
  {
    name: 'Docker 28 with containerd’s store',
    start: () => startNewEngine({ containerdStore: true, ...inMemory }),
    way: 'relay',
    storesBlobs: true,
  },
  // It pulls by https only, also from 127.0.0.1.
  { name: 'podman 4', start: () => startPodman(4, inMemory), way: 'archive', storesBlobs: false },
];

interface Stored {
  readonly blobs: Blobs;
  readonly top: Described;
  readonly amd: Described;
  readonly arm: Described;
}

async function makeIndex(): Promise<Stored> {
  const blobs = new Blobs();
  const [amd, arm] = [await addPlatform(blobs, 'amd64'), await addPlatform(blobs, 'arm64')];
  const platform = (architecture: string): object => ({ platform: { os: 'linux', architecture } });
  const listed = [{ ...amd, ...platform('amd64') }, { ...arm, ...platform('arm64') }, addAttestation(blobs, amd)];
  return { blobs, top: addIndex(blobs, listed), amd, arm };
}

/** What the config of a manifest says, by our own reading of the stored bytes. */
function contentOf({ blobs }: Pick<Stored, 'blobs'>, { digest }: Described): { config: string; diffIds: string[] } {
  const json = (name: string): unknown => JSON.parse(blobs.all.get(name)?.bytes.toString() ?? '');
  const manifest = json(digest) as { config: Described };
  const config = json(manifest.config.digest) as { rootfs: { diff_ids: string[] } };
  return { config: manifest.config.digest, diffIds: config.rootfs.diff_ids };
}

for (const kind of kinds) {
  describe(`${kind.name} gets an image`, { timeout: 200_000 }, () => {
    let engine: Engine;
    let gitea: FakeGitea;
    let registry: Registry;
    let rig: PullRig;
    let plain: PullRig;
    let image: Stored;

    before(async () => {
      await provision(['engine', 'registry', 'skopeo']);
      [engine, gitea, registry, image] = await Promise.all([
        kind.start(),
        startFakeGitea({ tls: 'valid' }),
        startRegistry(),
        makeIndex(),
      ]);
      const trust = { pinnedFingerprint: gitea.fingerprint256 };
      rig = openPullRig({ engine, url: gitea.url, credential: dev, trust });
      plain = openPullRig({ engine, url: registry.origin });
      await store(rig.client, 'dev/app', '1', image.blobs, image.top);
      await store(plain.client, 'dev/app', '1', image.blobs, image.top);
    });
    after(async () => {
      await Promise.all([rig.close(), plain.close()]);
      await Promise.all([engine.stop(), gitea.close(), registry.stop()]);
    });
    afterEach(async () => {
      gitea.faults.clear();
      const names = await listNames();
      assert.deepEqual(
        names.filter((name) => name.includes('tea-chest')),
        [],
        'no temporary name is left',
      );
      for (const name of names) await engine.docker(['rmi', '--force', name], { mayFail: true });
      await engine.docker(['image', 'prune', '--force'], { mayFail: true });
    });

    async function listNames(): Promise<string[]> {
      const { stdout } = await engine.docker(['images', '--all', '--format', '{{.Repository}}:{{.Tag}}']);
      return stdout.split('\n').filter((name) => name !== '' && !name.includes('<none>'));
    }

    for (const way of [kind.way, 'archive'] as const) {
      it(`of an index from a Gitea whose certificate it does not know (${way})`, async () => {
        const result = await rig.pull('dev/app:1', { relay: way === 'relay' });
        assert.equal(result.way, way);
        assert.equal(result.digest, image.top.digest);
        const expected = contentOf(image, image.amd);
        assert.equal(result.id, kind.storesBlobs ? image.top.digest : expected.config);
        assert.deepEqual(await readSaved(engine, `${gitea.host}/dev/app:1`), expected);
        assert.deepEqual(await listNames(), [`${gitea.host}/dev/app:1`]);
      });
    }

    it('of docker-registry by http, and pushes back what it got', async () => {
      const { way } = await plain.pull('dev/app:1');
      assert.equal(way, kind.way);
      const name = `${registry.host}/dev/app:1`;
      assert.deepEqual(await readSaved(engine, name), contentOf(image, image.amd));
      // Podman would push by https.
      if (kind.name.startsWith('podman')) return;
      const copyName = `${registry.host}/dev/copy:1`;
      await engine.docker(['tag', name, copyName]);
      await pushByEngine(engine, copyName);
      const copy = await copyAllBySkopeo(copyName);
      const [only] = copy.images;
      assert.equal(only?.config.digest, contentOf(image, image.amd).config);
      assert.deepEqual(only.diffIds, contentOf(image, image.amd).diffIds);
      // What containerd's store pushes of an index with one platform here is that platform's manifest, byte for byte.
      if (kind.storesBlobs) assert.equal(copy.digest, image.amd.digest);
    });

    it('by digest, and of another platform', async () => {
      const byDigest = await rig.pull(`dev/app@${image.arm.digest}`);
      assert.equal(byDigest.digest, image.arm.digest);
      assert.deepEqual(await readSaved(engine, byDigest.reference), contentOf(image, image.arm));
      await engine.docker(['rmi', byDigest.reference]);
      const byPlatform = await rig.pull('dev/app:1', { platform: 'linux/arm64' });
      assert.equal(byPlatform.id, kind.storesBlobs ? image.top.digest : contentOf(image, image.arm).config);
    });

    it('that it has already without a request for a layer, and after a question if its tag is another image', async () => {
      await rig.pull('dev/app:1');
      gitea.clearRequests();
      assert.equal((await rig.pull('dev/app:1')).way, 'none');
      assert.ok(gitea.requests.every(({ path }) => !path.includes('/blobs/')));
      await loadImage(engine, { tags: [`${gitea.host}/dev/app:1`], layers: [{ 'built/here': 'x' }] });
      let asked = '';
      const mayMoveTag = ({ reference }: { reference: string }): Promise<boolean> => {
        asked = reference;
        return Promise.resolve(false);
      };
      await assert.rejects(rig.pull('dev/app:1', { mayMoveTag }), { code: 'cancelled' });
      assert.equal(asked, `${gitea.host}/dev/app:1`);
    });

    it('unless the person cancels in the middle: then nothing of it is left', async () => {
      const blobs = new Blobs();
      const big = await addBigImage(blobs);
      await store(rig.client, 'dev/big', '1', blobs, big);
      const cancel = new AbortController();
      const layer = (JSON.parse(blobs.all.get(big.digest)?.bytes.toString() ?? '') as { layers: [Described] })
        .layers[0];
      let isCut = false;
      gitea.faults.add({
        ...{ method: 'GET', path: new RegExp(layer.digest), times: Infinity },
        action: { kind: 'cutReply', afterBytes: 3_000_000 },
        onStrike: () => {
          isCut = true;
          cancel.abort();
        },
      });
      const pulling = rig.pull('dev/big:1', { signal: cancel.signal });
      await assert.rejects(pulling, { code: 'cancelled', stage: 'pull' });
      assert.ok(isCut);
      assert.deepEqual(await listNames(), []);
      gitea.faults.clear();
      await rig.pull('dev/big:1');
      assert.deepEqual(await readSaved(engine, `${gitea.host}/dev/big:1`), contentOf({ blobs }, big));
    });

    it('whole, though a layer is cut off, answered with 503, or the token expires in between', async () => {
      const faults = [
        { kind: 'cutReply', afterBytes: 20_000 },
        { kind: 'answer', reply: { status: 503, body: 'busy', headers: {} } },
        { kind: 'expireTokens' },
      ] as const;
      for (const action of faults) {
        const blobs = new Blobs();
        const one = await addPlatform(blobs, 'amd64');
        await store(rig.client, 'dev/faults', action.kind, blobs, one);
        const { layers } = JSON.parse(blobs.all.get(one.digest)?.bytes.toString() ?? '') as { layers: [Described] };
        const handle = gitea.faults.add({ method: 'GET', path: new RegExp(layers[0].digest), action });
        const { reference } = await rig.pull(`dev/faults:${action.kind}`);
        assert.equal(handle.strikes, 1);
        assert.deepEqual(await readSaved(engine, reference), contentOf({ blobs }, one));
      }
    });

    it('never with other bytes than the registry’s digest says', async () => {
      const blobs = new Blobs();
      const one = await addPlatform(blobs, 'amd64');
      await store(rig.client, 'dev/wrong', '1', blobs, one);
      const { layers } = JSON.parse(blobs.all.get(one.digest)?.bytes.toString() ?? '') as { layers: [Described] };
      const reply = { status: 200, body: 'x'.repeat(layers[0].size), headers: {} };
      gitea.faults.add({
        method: 'GET',
        path: new RegExp(layers[0].digest),
        times: Infinity,
        action: { kind: 'answer', reply },
      });
      await assert.rejects(rig.pull('dev/wrong:1'), (error) => {
        assert.ok(error instanceof TeaChestError);
        assert.equal(error.code, 'digestMismatch');
        assert.match(error.message, new RegExp(layers[0].digest));
        return true;
      });
      assert.deepEqual(await listNames(), []);
    });

    it('with layers compressed by zstd, or a refusal that says which engine can read them', async () => {
      const blobs = new Blobs();
      const one = await addPlatform(blobs, 'amd64');
      const manifest = JSON.parse(blobs.all.get(one.digest)?.bytes.toString() ?? '') as { layers: Described[] };
      const tar = gunzipSync(blobs.all.get(manifest.layers[0]?.digest ?? '')?.bytes ?? Buffer.alloc(0));
      manifest.layers = [blobs.add(`${oci}.layer.v1.tar+zstd`, zstdCompressSync(tar))];
      const zstd = blobs.add(`${oci}.manifest.v1+json`, manifest);
      await store(rig.client, 'dev/zstd', '1', blobs, zstd);
      if (kind.name === 'Docker 20.10') {
        await assert.rejects(rig.pull('dev/zstd:1'), { code: 'imageUnsupported', message: /Docker 23 or newer/ });
        return;
      }
      for (const relay of [true, false]) {
        const { reference, id } = await rig.pull('dev/zstd:1', { relay });
        const expected = contentOf({ blobs }, zstd);
        // Podman 4 saves no image with such layers.
        if (kind.name.startsWith('podman')) assert.equal(id, expected.config);
        else assert.deepEqual(await readSaved(engine, reference), expected);
        await engine.docker(['rmi', reference]);
      }
    });
  });
}

/** 20 MB that cannot be compressed. */
async function addBigImage(blobs: Blobs): Promise<Described> {
  const tar = pack();
  tar.entry({ name: 'big' }, randomBytes(20_000_000));
  tar.finalize();
  const layer = await buffer(tar);
  const config = {
    architecture: 'amd64',
    os: 'linux',
    config: {},
    rootfs: { type: 'layers', diff_ids: [digestOf(layer)] },
  };
  return blobs.add(`${oci}.manifest.v1+json`, {
    ...{ schemaVersion: 2, mediaType: `${oci}.manifest.v1+json` },
    config: blobs.add(`${oci}.config.v1+json`, config),
    layers: [blobs.add(`${oci}.layer.v1.tar+gzip`, gzipSync(layer, { level: 1 }))],
  });
}
