import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { buildWasm } from '../../../scripts/buildWasm.mjs';
import { createCodec } from '../../../src/core/compress/codecs.ts';
import { WorkerPool } from '../../../src/core/compress/encoder/workerPool.ts';
import type { LayerCodec } from '../../../src/core/ports/layerCodec.ts';
import type { Bottleneck } from '../../../src/core/push/record/bottleneck.ts';
import { startFakeGitea } from '../../fakeGitea/fakeGitea.ts';
import { startPrivateEngine, type Engine } from '../../tools/engine.ts';
import { buildImage, type BuiltImage } from '../../tools/images.ts';
import { canMakeHosts, startNetwork } from '../../tools/netns.ts';
import { startNginx } from '../../tools/nginx.ts';
import { startPacedProxy } from '../../tools/pacedProxy.ts';
import { projectRoot } from '../../tools/projectPaths.ts';
import { provision } from '../../tools/provision.ts';
import { startRegistry, type Registry } from '../../tools/registry.ts';
import { run } from '../../tools/run.ts';
import { workerFile } from '../../unit/compress/testPool.ts';
import { noCompression } from '../../unit/push/fakes.ts';
import { recordedPush, type RecordedPush, type RecordedTarget } from './recordedPush.ts';
import { makeRig } from './rig.ts';
import type { SlowLinkOrder } from './slowLink.ts';

const mega = 1_000_000;
const dev = { username: 'dev', secret: 'dev pässword: with everything' };
/** Only Linux counts what a connection waited for. */
const isCounted = process.platform === 'linux';

suite('what a push waited for, from a real engine to a real registry', () => {
  let engine: Engine;
  let registry: Registry;
  let pool: WorkerPool;
  let random: BuiltImage;
  let files: BuiltImage;

  before(async () => {
    await provision(['engine', 'skopeo', 'registry', 'nginx']);
    [engine, registry] = await Promise.all([startPrivateEngine(), startRegistry()]);
    pool = new WorkerPool({ worker: workerFile, deflate: await buildWasm(), size: 2 });
    random = await buildImage(engine, { tags: ['random:1'], layers: [{ files: { data: randomBytes(10 * mega) } }] });
    files = await buildImage(engine, { tags: ['files:1'], layers: [{ megabytes: 60 }] });
  });
  after(async () => {
    await pool.close();
    await Promise.all([engine.stop(), registry.stop()]);
  });

  async function push(
    image: 'random:1' | 'files:1',
    { codec = noCompression, ...to }: Pick<RecordedTarget, 'repository'> & Partial<RecordedTarget> & Via,
  ): Promise<RecordedPush> {
    const { host, origin, credential, engineHost = engine.host } = { ...registry, ...to };
    const login = credential === undefined ? {} : { credential };
    const rig = await makeRig({ engine: { host: engineHost }, url: origin, codec, ...login });
    try {
      const { diffIds } = image === 'files:1' ? files : random;
      return await recordedPush(rig, image, { ...to, host, origin, diffIds }, codec);
    } finally {
      await rig.close();
    }
  }

  function assertWaitedFor({ bottleneck, record }: RecordedPush, expected: Bottleneck): void {
    assert.equal(bottleneck, expected, JSON.stringify(record.samples.list, undefined, 1));
  }

  test('is the engine behind a slow socket', async (t) => {
    const slow = await startPacedProxy(engine.host, { toClient: 3 * mega });
    t.after(() => slow.close());
    const pushed = await push('random:1', { repository: 'team/engine', engineHost: slow.host });
    assertWaitedFor(pushed, 'engine');
    assert.ok(
      pushed.seen.every(({ isCompressed }) => isCompressed !== true),
      'nothing was compressed',
    );
  });

  test('is compression with the highest level of gzip', async () => {
    const pushed = await push('files:1', { repository: 'team/gzip', codec: createCodec('gzip', 9, pool) });
    assertWaitedFor(pushed, 'compression');
    assert.ok(pushed.seen.some(({ state, isCompressed }) => state === 'reading' && isCompressed === true));
  });

  test(
    'is the network where the path is slow',
    { skip: canMakeHosts() ? false : 'needs Linux and root' },
    async (t) => {
      const network = await startNetwork(1);
      t.after(() => network.stop());
      const host = network.hosts[0] ?? assert.fail();
      const [command, ...args] = host.within([process.execPath, join(import.meta.dirname, 'slowLink.ts')]);
      const order: SlowLinkOrder = { engine: engine.host, image: 'random:1', diffIds: random.diffIds };
      const { stdout } = await run(command, args, { cwd: projectRoot, input: JSON.stringify(order) });
      assert.equal((JSON.parse(stdout) as { readonly bottleneck: unknown }).bottleneck, 'network', stdout);
    },
  );

  test('is the registry, or a proxy before it, that reads slowly', async (t) => {
    const slow = await startPacedProxy(registry.host, { toServer: mega });
    t.after(() => slow.close());
    const pushed = await push('random:1', { repository: 'team/slow', host: slow.host, origin: `http://${slow.host}` });
    assertWaitedFor(pushed, isCounted ? 'receiver' : 'link');
  });

  test('is the answer of a proxy that takes everything and passes it on slowly', async (t) => {
    const slow = await startPacedProxy(registry.host, { toServer: mega });
    const nginx = await startNginx(slow.host, { bodyLimit: '0', requestBuffering: true });
    t.after(async () => {
      await nginx.stop();
      await slow.close();
    });
    const pushed = await push('random:1', { repository: 'team/buffered', host: nginx.host, origin: nginx.origin });
    assertWaitedFor(pushed, 'answers');
    const waiting = pushed.awaited.filter(({ isAwaitingAnswer }) => isAwaitingAnswer);
    assert.ok(waiting.length > 10, `only an answer was missing at ${waiting.length} reports`);
    assert.ok(
      waiting.every(({ etaSeconds }) => etaSeconds === undefined),
      'no time left is shown then',
    );
  });

  test('is the answer of a registry that takes long to store a blob', async (t) => {
    const gitea = await startFakeGitea();
    t.after(() => gitea.close());
    gitea.faults.add({ method: 'PUT', path: /\/blobs\/uploads\//, action: { kind: 'delay', ms: 6_000 } });
    const { host } = new URL(gitea.origin);
    const pushed = await push('random:1', { repository: 'dev/late', host, origin: gitea.origin, credential: dev });
    assertWaitedFor(pushed, 'answers');
  });
});

interface Via {
  readonly engineHost?: string;
  readonly codec?: LayerCodec;
}
