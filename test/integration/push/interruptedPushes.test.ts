import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { buildWasm } from '../../../scripts/buildWasm.mjs';
import { createCodec } from '../../../src/core/compress/codecs.ts';
import { WorkerPool } from '../../../src/core/compress/encoder/workerPool.ts';
import { setTimeout as sleep } from 'node:timers/promises';
import type { PushEvent } from '../../../src/core/push/pushEvents.ts';
import { isTemporaryName, sweepNames } from '../../../src/core/relay/temporaryTag.ts';
import { PushJournal, type ClaimedPush } from '../../../src/host/push/pushJournal.ts';
import { recoverPushes } from '../../../src/host/push/recoverPushes.ts';
import { startFakeGitea, type FakeGitea } from '../../fakeGitea/fakeGitea.ts';
import { startPrivateEngine, type Engine } from '../../tools/engine.ts';
import { buildImage, type BuiltImage } from '../../tools/images.ts';
import { copyBySkopeo, differences } from '../../tools/verifyPull.ts';
import { makeScratch, type Scratch } from '../../tools/scratch.ts';
import { silentLogger } from '../../tools/silentLogger.ts';
import { workerFile } from '../../unit/compress/testPool.ts';
import { connectionTo } from '../../unit/host/support/hostFakes.ts';
import type { PushToKill } from './killedPush.ts';
import { armFaults, interruptionPoints, type InterruptionPoint, type Strategy } from './interruptionPoints.ts';
import { makeRig, type PushRig } from './rig.ts';

const dev = { username: 'dev', secret: 'dev pässword: with everything' };
const repository = 'dev/interrupted';
const image = 'interrupted:1';

/** Longer than any of these pushes may take to end; nothing is measured by it. */
const generous = 60_000;

describe('a push that is interrupted', { timeout: 1_200_000 }, () => {
  let engine: Engine;
  let built: BuiltImage;
  let pool: WorkerPool;
  let deflate: string;
  before(async () => {
    deflate = await buildWasm();
    pool = new WorkerPool({ worker: workerFile, deflate, size: 2 });
    engine = await startPrivateEngine();
    const file = (size: number): { files: { random: Buffer } } => ({ files: { random: randomBytes(size) } });
    built = await buildImage(engine, { tags: [image], layers: [file(9e6), file(7e6), file(1000)] });
    await buildImage(engine, { tags: ['before:1'], layers: [file(1000)] });
  });
  after(async () => {
    await pool.close();
    await engine.stop();
  });

  /** A registry that has another image under the tag, and an installation that has never pushed. */
  interface Scenario {
    readonly gitea: FakeGitea;
    readonly rig: PushRig;
    readonly tagBefore: string;
    close(): Promise<void>;
  }

  async function open(scratch?: Scratch): Promise<Scenario> {
    const gitea = await startFakeGitea({ tls: 'valid' });
    const trust = { pinnedFingerprint: gitea.fingerprint256 ?? assert.fail() };
    const rig = await makeRig({
      engine,
      url: gitea.url,
      codec: createCodec('gzip', undefined, pool),
      credential: dev,
      trust,
      folder: scratch?.path,
    });
    const { digest } = await rig.push('before:1', `${repository}:1`);
    const close = async (): Promise<void> => {
      await rig.close();
      await gitea.close();
    };
    return { gitea, rig, tagBefore: digest, close };
  }

  async function temporaryNames(): Promise<string[]> {
    const { stdout } = await engine.docker(['image', 'ls', '--all', '--format', '{{.Repository}}:{{.Tag}}']);
    return stdout.split('\n').filter((name) => isTemporaryName(name));
  }

  /** `unseen`: sessions whose address the killed process never got; only the registry can remove them. */
  async function assertNothingIsLeft({ gitea, rig }: Scenario, unseen: readonly string[] = []): Promise<void> {
    const sessions = gitea.openSessions().filter(({ id }) => !unseen.includes(id));
    const left = { sessions, spool: await rig.leftovers(), names: await temporaryNames() };
    assert.deepEqual(left, { sessions: [], spool: [], names: [] });
  }

  /**
   * Of the sessions that are open now, those that the journal does not have: their answer was on its way when the process
   * was killed. Nothing can have been sent to them.
   */
  async function unseenSessions({ gitea }: Scenario, scratch: Scratch): Promise<string[]> {
    const folder = join(scratch.path, 'pushes');
    const files = (await readdir(folder)).filter((file) => file.endsWith('.json'));
    const journal = (await Promise.all(files.map((file) => readFile(join(folder, file), 'utf8')))).join();
    const unseen = gitea.openSessions().filter(({ id }) => !journal.includes(id));
    for (const { bytesReceived } of unseen)
      assert.equal(bytesReceived, 0, 'a session is written down before it is used');
    return unseen.map(({ id }) => id);
  }

  /** Checks that the tag is unchanged, and that the next push succeeds. */
  async function assertNextPushWorks({ gitea, rig, tagBefore }: Scenario, strategy: Strategy): Promise<void> {
    const tag = await gitea.manifest('dev', 'interrupted', '1');
    assert.equal(tag?.digest, tagBefore, 'the tag is the former image, whole');
    gitea.faults.clear();
    const pushed = await rig.push(image, `${repository}:1`, { strategy, signal: AbortSignal.timeout(generous) });
    const copy = await copyBySkopeo(pushed.reference, dev);
    assert.deepEqual(differences(built, copy), []);
    assert.equal(copy.manifestDigest, pushed.digest);
  }

  async function cancelAt(point: InterruptionPoint, strategy: Strategy): Promise<void> {
    const scenario = await open();
    const { gitea, rig } = scenario;
    try {
      const stop = new AbortController();
      const late = setTimeout(() => {
        stop.abort();
      }, generous);
      let isReached = false;
      const interrupt = (): void => {
        isReached = true;
        stop.abort();
      };
      armFaults(point, gitea.faults, built.id, interrupt);
      const onEvent = (event: PushEvent): void => {
        if (point.isReached?.(event, strategy) === true) interrupt();
      };
      const work = rig.push(image, `${repository}:1`, { strategy, signal: stop.signal, onEvent });
      await assert.rejects(work, { code: 'cancelled' });
      clearTimeout(late);
      assert.ok(isReached, 'the push came to this point');
      // At once: the person may push again immediately after a cancel.
      await assertNothingIsLeft(scenario);
      await assertNextPushWorks(scenario, strategy);
      await assertNothingIsLeft(scenario);
    } finally {
      await scenario.close();
    }
  }

  /** What the start after a crash does, as the composition root has it. */
  async function restart({ rig, gitea }: Scenario, scratch: Scratch): Promise<readonly ClaimedPush[]> {
    const journal = new PushJournal(join(scratch.path, 'pushes'), silentLogger);
    const reported: ClaimedPush[] = [];
    await recoverPushes(
      {
        journal,
        store: { find: (origin) => (origin === gitea.origin ? connectionTo(origin) : undefined) },
        access: {
          closeSessions: (_, name, sessions) =>
            rig.closeSessions(
              name,
              sessions.map((session) => new URL(session)),
            ),
        },
        notify: (pushes) => void reported.push(...(pushes as ClaimedPush[])),
        logger: silentLogger,
      },
      [rig.spoolRoot],
    );
    await sweepNames(rig.pusher ?? assert.fail(), { signal: AbortSignal.timeout(generous), logger: silentLogger });
    return reported;
  }

  /**
   * Waits until the journal has as many sessions as the registry: if the process is killed before a response arrives, nobody
   * has the session's URL, and only the registry itself can remove it. The push hangs meanwhile.
   */
  async function journalWritten({ gitea }: Scenario, scratch: Scratch): Promise<void> {
    const folder = join(scratch.path, 'pushes');
    for (;;) {
      const [name = ''] = (await readdir(folder)).filter((file) => file.endsWith('.json'));
      const { sessions } = JSON.parse(await readFile(join(folder, name), 'utf8')) as { sessions: string[] };
      if (sessions.length === gitea.openSessions().length) return;
      await sleep(20);
    }
  }

  async function killAt(point: InterruptionPoint, strategy: Strategy): Promise<void> {
    const scratch = await makeScratch('killed');
    const scenario = await open(scratch);
    const { gitea } = scenario;
    try {
      const order: PushToKill = {
        ...{ engine: engine.host, url: gitea.url, fingerprint: gitea.fingerprint256 ?? '', credential: dev },
        ...{ image, repository, tag: '1', strategy, deflate, point: point.name, folder: scratch.path },
      };
      const child = fork(join(import.meta.dirname, 'killedPush.ts'), [JSON.stringify(order)], {
        stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      });
      const late = setTimeout(() => child.kill('SIGKILL'), generous);
      let isReached = false;
      child.on('message', () => (isReached = true));
      armFaults(point, gitea.faults, built.id, () => {
        // Of several requests that hang at the same time the first one decides.
        if (isReached) return;
        isReached = true;
        void journalWritten(scenario, scratch).then(() => child.kill('SIGKILL'));
      });
      const [, signal] = (await once(child, 'exit')) as [number | null, string | null];
      clearTimeout(late);
      assert.equal(signal, 'SIGKILL');
      assert.ok(isReached, 'the push came to this point');
      const unseen = await unseenSessions(scenario, scratch);
      gitea.faults.clear();
      const reported = await restart(scenario, scratch);
      assert.deepEqual(
        reported.map((push) => [push.image, push.target]),
        [[image, `${gitea.host}/${repository}:1`]],
      );
      await assertNothingIsLeft(scenario, unseen);
      await assertNextPushWorks(scenario, strategy);
      await assertNothingIsLeft(scenario, unseen);
    } finally {
      await scenario.close();
      await scratch.remove();
    }
  }

  for (const strategy of ['export', 'relay'] as const) {
    describe(`by a cancel, ${strategy}`, () => {
      for (const point of interruptionPoints) it(point.name, () => cancelAt(point, strategy));
    });
    describe(`by kill -9, ${strategy}`, () => {
      for (const point of interruptionPoints) it(point.name, () => killAt(point, strategy));
    });
  }
});
