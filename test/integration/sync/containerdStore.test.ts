import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { after, afterEach, before, describe, it } from 'node:test';
import { compareImages, type ImageComparison } from '../../../src/core/compare/compareImages.ts';
import { listImagesOf, readImageOfRegistry } from '../../../src/core/compare/readImageOfRegistry.ts';
import { DigestCache } from '../../../src/core/digestCache/digestCache.ts';
import type { LastPush } from '../../../src/core/sync/compareSyncState.ts';
import { readSyncState, type SyncReport } from '../../../src/core/sync/readSyncState.ts';
import type { Engine } from '../../tools/engine.ts';
import { needCommand } from '../../tools/findCommand.ts';
import { loadImage } from '../../tools/images.ts';
import { startNewEngine } from '../../tools/newEngine.ts';
import {
  addAttestation,
  addIndex,
  addPlatform,
  Blobs,
  loadLayout,
  writeLayout,
  type Described,
} from '../../tools/ociLayout.ts';
import { provision } from '../../tools/provision.ts';
import { startRegistry, type Registry } from '../../tools/registry.ts';
import { run } from '../../tools/run.ts';
import { makeScratch, type Scratch } from '../../tools/scratch.ts';
import { silentLogger } from '../../tools/silentLogger.ts';
import { copyAllBySkopeo } from '../../tools/verifyPull.ts';
import { plainGzip } from '../../unit/push/fakes.ts';
import { openPullRig, type PullRig } from '../pull/pullRig.ts';
import { makeRig, type PushRig } from '../push/rig.ts';

const { signal } = new AbortController();
const base = { 'app/base': randomBytes(200_000).toString('hex') };

/** An image is called by its manifest or index there, and not by its config as in the classic store. */
describe(
  'an image of containerd’s store, in Docker 28, against its tag in docker-registry',
  { timeout: 200_000 },
  () => {
    let engine: Engine;
    let registry: Registry;
    let scratch: Scratch;
    let rig: PullRig;
    let pushes: PushRig;
    let caches = 0;

    before(async () => {
      await provision(['engine', 'registry', 'skopeo']);
      [engine, registry, scratch] = await Promise.all([
        startNewEngine({ containerdStore: true, dataParent: '/dev/shm' }),
        startRegistry(),
        makeScratch('sync'),
      ]);
      rig = openPullRig({ engine, url: registry.origin });
      pushes = await makeRig({ engine, url: registry.origin, codec: plainGzip });
    });
    after(async () => {
      await Promise.all([rig.close(), pushes.close()]);
      await Promise.all([engine.stop(), registry.stop()]);
      await scratch.remove();
    });
    afterEach(async () => {
      const { stdout } = await engine.docker(['images', '--quiet', '--no-trunc']);
      for (const id of new Set(stdout.split('\n'))) if (id !== '') await engine.docker(['rmi', '--force', id]);
    });

    /** The digest is the one that skopeo reads of the tag. A cache of its own: as on a machine that has pushed nothing. */
    async function stateOf(image: string, target: string, lastPush?: LastPush): Promise<SyncReport> {
      const [name = '', tag = ''] = target.split(':');
      const opened = await rig.client.repository(name, { signal });
      const cache = new DigestCache(join(scratch.path, `digests-${++caches}.json`), silentLogger, Date.now);
      const details = await rig.engine.inspect(image, { signal });
      const report = await readSyncState(
        {
          image: details,
          target: opened,
          repository: `${registry.host}/${name}`,
          tag,
          lastPush,
          codecId: plainGzip.id,
        },
        { cache, known: new Map(), now: Date.now },
        { signal },
      );
      if (report.there !== undefined) {
        assert.equal(report.there.digest, (await copyAllBySkopeo(`${registry.host}/${target}`)).digest);
      }
      return report;
    }

    /** Left: the registry's image for linux/amd64, or its only one. Right: the engine's. */
    async function compare(image: string, target: string): Promise<ImageComparison> {
      const [name = '', tag = ''] = target.split(':');
      const opened = await rig.client.repository(name, { signal });
      const listed = (await listImagesOf(opened, tag, { signal })) ?? assert.fail(`${target} is not there`);
      const chosen = listed.find(({ platform }) => platform === undefined || platform === 'linux/amd64');
      const left = await readImageOfRegistry(opened, chosen?.digest ?? assert.fail(target), { signal });
      const details = await rig.engine.inspect(image, { signal });
      return compareImages(left, await rig.engine.describe(details, { signal, platform: 'linux/amd64' }));
    }

    async function push(image: string, target: string): Promise<LastPush> {
      const { id, createdAt } = await rig.engine.inspect(image, { signal });
      return { imageId: id, digest: (await pushes.push(image, target)).digest, createdAt };
    }

    /** Another client stores what the layout has. */
    async function storeBySkopeo(blobs: Blobs, top: Described, target: string, ...options: string[]): Promise<void> {
      const folder = join(scratch.path, `layout-${target.replace(/\W/g, '-')}`);
      await writeLayout(folder, blobs, top, '1');
      const copy = ['--insecure-policy', 'copy', '--quiet', '--dest-tls-verify=false', ...options];
      await run(needCommand('skopeo', 'skopeo'), [...copy, `oci:${folder}:1`, `docker://${registry.host}/${target}`]);
    }

    interface Index {
      readonly blobs: Blobs;
      readonly top: Described;
      readonly amd: Described;
    }

    async function makeIndex(): Promise<Index> {
      const blobs = new Blobs();
      const [amd, arm] = [await addPlatform(blobs, 'amd64'), await addPlatform(blobs, 'arm64')];
      const platform = (architecture: string): object => ({ platform: { os: 'linux', architecture } });
      const listed = [{ ...amd, ...platform('amd64') }, { ...arm, ...platform('arm64') }, addAttestation(blobs, amd)];
      return { blobs, top: addIndex(blobs, listed), amd };
    }

    it('with all its platforms is up to date where that index was pushed, on every machine that has it', async () => {
      const { blobs, top } = await makeIndex();
      await loadLayout(engine, blobs, top, 'docker.io/library/multi:1');
      assert.deepEqual((await stateOf('multi:1', 'team/multi:1')).reason, 'noTag');
      const lastPush = await push('multi:1', 'team/multi:1');
      assert.deepEqual([lastPush.digest, lastPush.imageId], [top.digest, top.digest]);
      for (const known of [undefined, lastPush]) {
        assert.equal((await stateOf('multi:1', 'team/multi:1', known)).state, 'upToDate');
      }
      assert.equal((await compare('multi:1', 'team/multi:1')).relation, 'sameImage');
    });

    it('of which the engine pulled one platform is up to date, and the same image as that platform', async () => {
      const { blobs, top } = await makeIndex();
      await storeBySkopeo(blobs, top, 'team/part:1', '--all');
      const { way, id } = await rig.pull('team/part:1');
      assert.deepEqual([way, id], ['relay', top.digest]);
      const name = `${registry.host}/team/part:1`;
      const { manifests = [] } = await rig.engine.inspect(name, { signal });
      assert.ok(
        manifests.some(({ isAvailable }) => !isAvailable),
        'the other platform is not here',
      );
      assert.equal((await stateOf(name, 'team/part:1')).state, 'upToDate');
      assert.equal((await compare(name, 'team/part:1')).relation, 'sameImage');
    });

    it('is newer here after a new build, newer there after another client’s push, and different after both', async () => {
      await loadImage(engine, { tags: ['app:1'], layers: [base, { 'app/version': '1' }] });
      const lastPush = await push('app:1', 'team/app:1');
      assert.equal((await stateOf('app:1', 'team/app:1', lastPush)).state, 'upToDate');

      await loadImage(engine, { tags: ['app:1'], layers: [base, { 'app/version': '2' }] });
      const here = await stateOf('app:1', 'team/app:1', lastPush);
      assert.deepEqual([here.state, here.reason, here.there?.digest], ['newerHere', 'changedHere', lastPush.digest]);
      const compared = await compare('app:1', 'team/app:1');
      assert.deepEqual([compared.relation, compared.sharedFromBase], ['someLayers', 1]);
      assert.equal(compared.onlyRight.length, 1);

      const again = await push('app:1', 'team/app:1');
      const { blobs, amd } = await makeIndex();
      await storeBySkopeo(blobs, amd, 'team/app:1');
      const there = await stateOf('app:1', 'team/app:1', again);
      assert.deepEqual([there.state, there.reason, there.there?.digest], ['newerThere', 'changedThere', amd.digest]);
      assert.equal((await compare('app:1', 'team/app:1')).relation, 'noLayers');
      const both = await stateOf('app:1', 'team/app:1', lastPush);
      assert.deepEqual([both.state, both.reason], ['different', 'changedOnBothSides']);
    });

    it('has the same layers as one that another client has compressed otherwise, though no digest is the same', async () => {
      const { blobs, amd } = await makeIndex();
      await loadLayout(engine, blobs, amd, 'docker.io/library/packed:1');
      await storeBySkopeo(blobs, amd, 'team/packed:1', '--dest-compress-format', 'zstd', '--dest-compress');
      const { there, state } = await stateOf('packed:1', 'team/packed:1');
      assert.notEqual(there?.digest, amd.digest);
      assert.equal(state, 'different');
      const { relation, rows } = await compare('packed:1', 'team/packed:1');
      assert.equal(relation, 'sameContent');
      assert.deepEqual(
        rows.map(({ left, isShared }) => [left?.blob?.mediaType.endsWith('+zstd'), isShared]),
        [[true, true]],
      );
    });
  },
);
