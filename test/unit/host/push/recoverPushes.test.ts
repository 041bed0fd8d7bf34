import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, suite, test } from 'node:test';
import { thisMachine, type ProcessView } from '../../../../src/core/base/processIdentity.ts';
import type { Connection } from '../../../../src/host/connections/connection.ts';
import type { InterruptedPush, JournaledPush } from '../../../../src/host/push/interruptedPush.ts';
import { PushJournal } from '../../../../src/host/push/pushJournal.ts';
import { recoverPushes } from '../../../../src/host/push/recoverPushes.ts';
import { silentLogger } from '../../../tools/silentLogger.ts';
import { connectionTo } from '../support/hostFakes.ts';

const origin = 'https://one.example';
const push: JournaledPush = {
  ...{ image: 'app:1', origin, repository: 'dev/app', target: 'one.example/dev/app:1' },
  ...{ spoolRoot: '/spool', startedAt: 1, strategy: 'relay' },
};
const session = `${origin}/v2/dev/app/blobs/uploads/one`;

/** This process after a restart: the one that wrote the journal has ended. */
const restarted: ProcessView = { ...thisMachine(), own: { ...thisMachine().own, start: '1' } };

suite('recovery after a start', () => {
  let folder: string;
  beforeEach(async () => (folder = await mkdtemp(join(tmpdir(), 'tea-chest-recovery-'))));
  afterEach(() => rm(folder, { recursive: true }));

  const journalOf = (view = thisMachine()): PushJournal =>
    new PushJournal(join(folder, 'pushes'), silentLogger, () => view);
  const files = (): Promise<string[]> => readdir(join(folder, 'pushes'));
  const connection: Connection = connectionTo(origin);

  async function recover(
    closing: () => Promise<void>,
    find = (): Connection | undefined => connection,
  ): Promise<string[]> {
    const steps: string[] = [];
    await recoverPushes(
      {
        journal: journalOf(restarted),
        sweep: (folder) => Promise.resolve(steps.push(`sweep ${folder}`)),
        store: { find },
        access: {
          closeSessions: (_, repository, sessions) => {
            steps.push(`close ${repository} ${sessions.join()}`);
            return closing();
          },
        },
        notify: (pushes: readonly InterruptedPush[]) => void steps.push(`notify ${pushes.length}`),
        now: () => 2,
        logger: silentLogger,
      },
      ['/now'],
    );
    return steps;
  }
  const interrupt = async (): Promise<void> => {
    const entry = await journalOf().begin(push);
    await entry.opened('/one', new URL(session));
  };

  test('sweeps the spools of then and now, closes sessions, and notifies the person once', async () => {
    await interrupt();
    const steps = await recover(() => Promise.resolve());
    assert.deepEqual(steps, ['notify 1', 'sweep /now', 'sweep /spool', `close dev/app ${session}`]);
    assert.deepEqual(await files(), []);
    assert.deepEqual(await recover(() => Promise.resolve()), ['sweep /now']);
  });

  test('leaves sessions of a registry that cannot be reached to a later start, which does not notify again', async () => {
    await interrupt();
    await recover(() => Promise.reject(new Error('no network')));
    assert.equal((await files()).length, 1);
    const steps = await recover(() => Promise.resolve());
    assert.deepEqual(steps, ['sweep /now', 'sweep /spool', `close dev/app ${session}`]);
    assert.deepEqual(await files(), []);
  });

  test('sends nothing to a registry that was signed out of', async () => {
    await interrupt();
    const steps = await recover(
      () => Promise.resolve(),
      () => undefined,
    );
    assert.deepEqual(steps, ['notify 1', 'sweep /now', 'sweep /spool']);
    assert.deepEqual(await files(), []);
  });

  test('sweeps each folder once, and logs one that cannot be swept', async () => {
    const lines: string[] = [];
    const log = (line: string): void => void lines.push(line);
    const swept: string[] = [];
    await recoverPushes(
      {
        journal: journalOf(),
        store: { find: () => connection },
        access: { closeSessions: () => Promise.resolve() },
        notify: () => undefined,
        logger: { ...silentLogger, info: log, warn: log },
        sweep: (path) => {
          swept.push(path);
          return path === '/a' ? Promise.reject(new Error('not yours')) : Promise.resolve(2);
        },
      },
      ['/a', '/b', '/a'],
    );
    assert.deepEqual(swept, ['/a', '/b']);
    assert.equal(lines.length, 2);
    assert.match(lines[0] ?? '', /\/a.*not yours/);
  });
});
