import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, suite, test } from 'node:test';
import { thisMachine, type ProcessView } from '../../../src/core/base/processIdentity.ts';
import type { Connection } from '../../../src/host/connections/connection.ts';
import {
  describeInterrupted,
  type InterruptedPush,
  type JournaledPush,
} from '../../../src/host/push/interruptedPush.ts';
import { PushJournal } from '../../../src/host/push/pushJournal.ts';
import { recoverPushes } from '../../../src/host/push/recoverPushes.ts';
import { silentLogger } from '../../tools/silentLogger.ts';
import { connectionTo } from './hostFakes.ts';

const origin = 'https://one.example';
const push: JournaledPush = {
  ...{ image: 'app:1', origin, repository: 'dev/app', target: 'one.example/dev/app:1' },
  ...{ spoolRoot: '/spool', startedAt: 1, strategy: 'relay' },
};
const session = `${origin}/v2/dev/app/blobs/uploads/one`;

/** This process after it was started anew: the one that wrote before has ended. */
function restarted(times = 1): ProcessView {
  const view = thisMachine();
  return { ...view, own: { ...view.own, start: `${times}` } };
}

suite('the journal of running pushes', () => {
  let folder: string;
  beforeEach(async () => (folder = await mkdtemp(join(tmpdir(), 'tea-chest-journal-'))));
  afterEach(() => rm(folder, { recursive: true }));

  const journalOf = (view?: ProcessView): PushJournal =>
    new PushJournal(join(folder, 'pushes'), silentLogger, () => view ?? thisMachine());
  const files = (): Promise<string[]> => readdir(join(folder, 'pushes'));

  test('has a file for each push while it runs, which only this user can read', async () => {
    const entry = await journalOf().begin(push);
    const [file = assert.fail(), ...others] = await files();
    assert.deepEqual(others, []);
    assert.equal((await stat(join(folder, 'pushes', file))).mode & 0o777, 0o600);
    assert.deepEqual(await journalOf().takeInterrupted(), [], 'it is running');
    await entry.end('done');
    assert.deepEqual(await files(), []);
  });

  test('tells the next start what was running and which sessions were open', async () => {
    const entry = await journalOf().begin(push);
    await entry.opened('/one', new URL(session));
    await entry.opened('/two', new URL(`${session}2`));
    await entry.opened('/one', new URL(`${session}?_state=1`));
    entry.closed('/two');
    await entry.written();
    const [taken = assert.fail()] = await journalOf(restarted()).takeInterrupted();
    assert.deepEqual({ ...push, ...taken, done: 0, postpone: 0 }, { ...taken, ...push, done: 0, postpone: 0 });
    assert.deepEqual([taken.sessions, taken.end, taken.isTold], [[`${session}?_state=1`], undefined, false]);
    await taken.done();
    assert.deepEqual(await files(), []);
  });

  test('gives each interrupted push to one window, and to another if that one has ended as well', async () => {
    await (await journalOf().begin(push)).written();
    const windows = [restarted(), restarted()].map((view) => journalOf(view));
    const taken = await Promise.all(windows.map((journal) => journal.takeInterrupted()));
    assert.equal(taken.flat().length, 1);
    assert.equal((await journalOf(restarted(2)).takeInterrupted()).length, 1);
  });

  test('tells of a push that was stopped because its window closed, though the process may still be ending', async () => {
    const entry = await journalOf().begin(push);
    await entry.end('windowClosed');
    const [taken = assert.fail()] = await journalOf().takeInterrupted();
    assert.match(
      describeInterrupted([taken]),
      /^The push of app:1 to one\.example\/dev\/app:1 was stopped when its window closed/,
    );
  });

  test('leaves alone what other machines run, and what it cannot read', async () => {
    const elsewhere = { ...thisMachine(), own: { ...thisMachine().own, host: '00000000' } };
    await (await journalOf(elsewhere).begin(push)).written();
    await writeFile(join(folder, 'pushes', `${'0'.repeat(16)}.json`), '{');
    assert.deepEqual(await journalOf().takeInterrupted(), []);
    assert.equal((await files()).length, 2);
  });

  test('keeps no push from running where it cannot be written', async () => {
    await writeFile(join(folder, 'pushes'), '');
    const entry = await journalOf().begin(push);
    await entry.opened('/one', new URL(session));
    await entry.end('done');
  });

  suite('after a start', () => {
    const connection: Connection = connectionTo(origin);

    async function recover(
      closing: () => Promise<void>,
      find = (): Connection | undefined => connection,
    ): Promise<string[]> {
      const steps: string[] = [];
      await recoverPushes(
        {
          journal: journalOf(restarted()),
          sweep: (folders) => Promise.resolve(void steps.push(`sweep ${folders.join()}`)),
          find,
          closeSessions: (_, repository, sessions) => {
            steps.push(`close ${repository} ${sessions.join()}`);
            return closing();
          },
          tell: (pushes: readonly InterruptedPush[]) => void steps.push(`tell ${pushes.length}`),
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

    test('spools are swept where they were and are, sessions closed, and the person told once', async () => {
      await interrupt();
      const steps = await recover(() => Promise.resolve());
      assert.deepEqual(steps, ['tell 1', 'sweep /now,/spool', `close dev/app ${session}`]);
      assert.deepEqual(await files(), []);
      assert.deepEqual(await recover(() => Promise.resolve()), ['sweep /now']);
    });

    test('sessions of a registry that is not to be had are closed by a later one, which tells nobody again', async () => {
      await interrupt();
      await recover(() => Promise.reject(new Error('no network')));
      assert.equal((await files()).length, 1);
      const steps = await recover(() => Promise.resolve());
      assert.deepEqual(steps, ['sweep /now,/spool', `close dev/app ${session}`]);
      assert.deepEqual(await files(), []);
    });

    test('nothing is asked of a registry that was signed out of', async () => {
      await interrupt();
      const steps = await recover(
        () => Promise.resolve(),
        () => undefined,
      );
      assert.deepEqual(steps, ['tell 1', 'sweep /now,/spool']);
      assert.deepEqual(await files(), []);
    });
  });

  test('holds no secret', async () => {
    await (await journalOf().begin({ ...push, platform: 'linux/amd64' })).written();
    const [file = ''] = await files();
    const keys = Object.keys(JSON.parse(await readFile(join(folder, 'pushes', file), 'utf8')) as object);
    const expected = [
      'image',
      'origin',
      'platform',
      'process',
      'repository',
      'sessions',
      'spoolRoot',
      'startedAt',
      'strategy',
      'target',
    ];
    assert.deepEqual(keys.sort(), expected);
  });
});
