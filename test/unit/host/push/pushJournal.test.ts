import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, suite, test } from 'node:test';
import { thisMachine, type ProcessView } from '../../../../src/core/base/processIdentity.ts';
import type { JournaledPush } from '../../../../src/host/push/interruptedPush.ts';
import { PushJournal } from '../../../../src/host/push/pushJournal.ts';
import { silentLogger } from '../../../tools/silentLogger.ts';

const origin = 'https://one.example';
const push: JournaledPush = {
  ...{ image: 'app:1', origin, repository: 'dev/app', target: 'one.example/dev/app:1' },
  ...{ spoolRoot: '/spool', startedAt: 1, strategy: 'relay', recheck: true },
};
const session = `${origin}/v2/dev/app/blobs/uploads/one`;

/** This process after a restart: the one that wrote before has ended. */
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
    assert.deepEqual(await journalOf().claimInterrupted(), [], 'it is running');
    await entry.end('done');
    assert.deepEqual(await files(), []);
  });

  test('records for the next start what was running and which sessions were open', async () => {
    const entry = await journalOf().begin(push);
    await entry.opened('/one', new URL(session));
    await entry.opened('/two', new URL(`${session}2`));
    await entry.opened('/one', new URL(`${session}?_state=1`));
    entry.closed('/two');
    await entry.written();
    const [claimed = assert.fail()] = await journalOf(restarted()).claimInterrupted();
    assert.deepEqual({ ...push, ...claimed, done: 0, postpone: 0 }, { ...claimed, ...push, done: 0, postpone: 0 });
    assert.deepEqual([claimed.sessions, claimed.end, claimed.isTold], [[`${session}?_state=1`], undefined, false]);
    await claimed.done();
    assert.deepEqual(await files(), []);
  });

  test('gives each interrupted push to one window, and to another if that one has ended as well', async () => {
    await (await journalOf().begin(push)).written();
    const windows = [restarted(), restarted()].map((view) => journalOf(view));
    const claimed = await Promise.all(windows.map((journal) => journal.claimInterrupted()));
    assert.equal(claimed.flat().length, 1);
    assert.equal((await journalOf(restarted(2)).claimInterrupted()).length, 1);
  });

  test('returns a push that was stopped because its window closed, though the process may still be ending', async () => {
    const entry = await journalOf().begin(push);
    await entry.end('windowClosed');
    const [claimed = assert.fail()] = await journalOf().claimInterrupted();
    assert.equal(claimed.end, 'windowClosed');
  });

  test('leaves alone what other machines run, and what it cannot read', async () => {
    const elsewhere = { ...thisMachine(), own: { ...thisMachine().own, host: '00000000' } };
    await (await journalOf(elsewhere).begin(push)).written();
    await writeFile(join(folder, 'pushes', `${'0'.repeat(16)}.json`), '{');
    assert.deepEqual(await journalOf().claimInterrupted(), []);
    assert.equal((await files()).length, 2);
  });

  test('keeps no push from running where it cannot be written', async () => {
    await writeFile(join(folder, 'pushes'), '');
    const entry = await journalOf().begin(push);
    await entry.opened('/one', new URL(session));
    await entry.end('done');
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
      'recheck',
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
