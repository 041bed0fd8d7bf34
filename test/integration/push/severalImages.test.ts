import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import type { ImageOutcome, ImagesEvent } from '../../../src/core/push/imagesEvents.ts';
import { ImagesProgress } from '../../../src/core/push/imagesProgress.ts';
import type { PushResult } from '../../../src/core/push/pushEvents.ts';
import { startFakeGitea, type FakeGitea } from '../../fakeGitea/fakeGitea.ts';
import { checkPushed } from '../../tools/checkPushed.ts';
import { countingSocket, type CountingSocket } from '../../tools/countingSocket.ts';
import { startPrivateEngine, type Engine } from '../../tools/engine.ts';
import { buildImage, type BuiltImage } from '../../tools/images.ts';
import { startNewEngine } from '../../tools/newEngine.ts';
import { provision } from '../../tools/provision.ts';
import { plainGzip } from '../../unit/push/fakes.ts';
import { makeRig, type PushRig } from './rig.ts';

const dev = { username: 'dev', secret: 'dev pässword: with everything' };
const names = ['api', 'web', 'worker', 'cron', 'proxy'];
const baseBytes = 3_000_000;

/** Exports of images, by the requests of an engine's client. */
const exportsOf = (requests: readonly string[]): readonly string[] =>
  requests.filter((one) => /\/images\/(.*\/)?get(\?|$)/.test(one));

function resultsOf(outcomes: readonly ImageOutcome[]): readonly PushResult[] {
  return outcomes.map((outcome) => (outcome.kind === 'pushed' ? outcome.result : assert.fail(outcome.error)));
}

const uploaded = (results: readonly PushResult[]): number =>
  results.reduce((sum, { uploadedBytes }) => sum + uploadedBytes, 0);

interface Setup {
  readonly title: string;
  readonly start: () => Promise<Engine>;
  readonly by: 'socket' | 'tcp';
  /** Requests by which five images leave the engine. */
  readonly exports: number;
  /** How they leave it. */
  readonly strategy: 'export' | 'relay';
}

const setups: readonly Setup[] = [
  {
    title: 'docker 20.10, classic store',
    start: () => startPrivateEngine(),
    ...{ by: 'socket', exports: 1, strategy: 'export' },
  },
  {
    title: 'docker 28, classic store',
    start: () => startNewEngine({ containerdStore: false }),
    ...{ by: 'socket', exports: 1, strategy: 'export' },
  },
  {
    title: 'docker 28, containerd store, by its relay',
    start: () => startNewEngine({ containerdStore: true }),
    ...{ by: 'socket', exports: 0, strategy: 'relay' },
  },
  {
    // Each archive has the base, which is read over the network again, and not sent again.
    title: 'docker 28, containerd store, by tcp',
    start: () => startNewEngine({ containerdStore: true }),
    ...{ by: 'tcp', exports: 5, strategy: 'export' },
  },
];

for (const { title, start, by, exports, strategy } of setups) {
  describe(`five images on one base, from ${title}`, () => {
    let real: Engine;
    let puller: Engine;
    let socket: CountingSocket;
    let fakeGitea: FakeGitea;
    let rig: PushRig;
    const built = new Map<string, BuiltImage>();

    before(async () => {
      await provision(['engine', 'skopeo']);
      [real, puller, fakeGitea] = await Promise.all([start(), startPrivateEngine(), startFakeGitea()]);
      const base = { files: { base: randomBytes(baseBytes) } };
      for (const name of names) {
        const layers = [base, { files: { [name]: randomBytes(50_000) } }];
        built.set(name, await buildImage(real, { tags: [`${name}:1`, `${name}:latest`], layers }));
      }
      socket = await countingSocket(real.host, by);
      rig = await makeRig({ engine: socket, url: fakeGitea.origin, codec: plainGzip, credential: dev });
    });
    after(async () => {
      await rig.close();
      await socket.close();
      await Promise.all([real.stop(), puller.stop(), fakeGitea.close()]);
    });

    const pairs = names.map((name) => [`${name}:1`, `dev/${name}:1`] as const);

    async function checkAll(results: readonly PushResult[]): Promise<void> {
      for (const [at, name] of names.entries()) {
        const result = results[at] ?? assert.fail();
        const image = built.get(name) ?? assert.fail();
        await checkPushed({ reference: result.reference, built: image, credentials: dev, puller, result });
      }
    }

    it('leave the engine once, send the base once, and are what the engine has', async () => {
      const events: ImagesEvent[] = [];
      const progress = new ImagesProgress(
        names.map(() => fakeGitea.origin),
        () => performance.now(),
      );
      const totals: number[] = [];
      const fractions: number[] = [];
      const results = resultsOf(
        await rig.pushAll(pairs, {
          isNear: true,
          onEvent: (event) => {
            events.push(event);
            progress.apply(event);
            const { fraction, totalBytes } = progress.snapshot();
            if (fraction !== undefined) fractions.push(fraction);
            if (totalBytes !== undefined) totals.push(totalBytes);
          },
        }),
      );
      await checkAll(results);
      assert.equal(exportsOf(socket.requests).length, exports, exportsOf(socket.requests).join('\n'));
      assert.ok(results.every((one) => one.strategy === strategy));
      const sent = uploaded(results);
      assert.ok(sent > baseBytes && sent < baseBytes + 5 * 60_000, `${sent} bytes were sent`);
      const received = fakeGitea.bytesReceived;
      assert.ok(received < sent + 30_000, `${received} bytes were received`);
      assert.ok(Math.max(...fractions) <= 1 && progress.snapshot().fraction === 1);
      assert.ok(Math.max(...totals) <= sent, `a total of ${Math.max(...totals)} bytes was shown`);
      assert.equal(events.filter(({ type }) => type === 'planned').length, 1);
    });

    it('are unchanged the second time, and nothing leaves the engine', async () => {
      socket.requests.length = 0;
      const results = resultsOf(await rig.pushAll(pairs, { isNear: true }));
      assert.deepEqual(
        results.map(({ isUnchanged, uploadedBytes }) => [isUnchanged, uploadedBytes]),
        names.map(() => [true, 0]),
      );
      assert.deepEqual(exportsOf(socket.requests), []);
    });

    it('with another tag each, and another repository for one, are published without a transfer of layers', async () => {
      const tagged = [
        ...names.map((name) => [`${name}:latest`, `dev/${name}:latest`] as const),
        ...['2', '3'].map((tag) => ['api:1', `dev/api:${tag}`] as const),
      ];
      const results = resultsOf(await rig.pushAll(tagged, { isNear: true }));
      assert.equal(uploaded(results), 0);
      await checkAll(results);
    });

    it('go on without the one that the engine has no longer', async () => {
      const outcomes = await rig.pushAll(
        [['gone:1', 'dev/gone:1'], ...pairs.map(([image, target]) => [image, `${target}-again`] as const)],
        { isNear: true },
      );
      const codes = outcomes.map((outcome) => (outcome.kind === 'failed' ? outcome.error.code : 'pushed'));
      assert.deepEqual(codes, ['imageNotFound', ...names.map(() => 'pushed')]);
    });

    it('are cancelled within two seconds, and leave nothing', async () => {
      const controller = new AbortController();
      rig.clearCache();
      let cancelledAt = 0;
      const fresh = names.map((name) => [`${name}:1`, `dev/fresh-${name}:1`] as const);
      const outcomes = await rig.pushAll(fresh, {
        isNear: true,
        signal: controller.signal,
        onEvent: (event) => {
          if (event.type !== 'image' || event.event.type !== 'layer' || controller.signal.aborted) return;
          cancelledAt = performance.now();
          controller.abort();
        },
      });
      assert.ok(cancelledAt > 0 && performance.now() - cancelledAt < 2_000);
      assert.ok(outcomes.every((outcome) => outcome.kind === 'failed' && outcome.error.code === 'cancelled'));
      assert.deepEqual(await rig.leftovers(), []);
      assert.deepEqual(fakeGitea.openSessions(), []);
    });
  });
}
