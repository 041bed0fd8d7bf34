import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { TeaChestError } from '../../../../src/core/base/errors.ts';
import { digestOf } from '../../../../src/core/oci/digest.ts';
import type { LayerStatus, PushResult } from '../../../../src/core/push/pushEvents.ts';
import { ImagesProgress } from '../../../../src/core/push/imagesProgress.ts';
import type { RunPush } from '../../../../src/host/automation/tasks/pushTerminal.ts';
import type { PushJob } from '../../../../src/host/push/pushJob.ts';
import type { UnattendedOutcome } from '../../../../src/host/push/pushUnattended.ts';
import { useFakeVscode } from '../support/fakeVscode.ts';
import { connectionTo } from '../support/hostFakes.ts';

useFakeVscode();
const { PushTerminal } = await import('../../../../src/host/automation/tasks/pushTerminal.ts');

const connection = connectionTo('https://gitea.test');
const target = { host: 'gitea.test', repository: 'dev/app', tag: '1' };
const reference = 'gitea.test/dev/app:1';
const job: PushJob = { image: 'app:1', connection, target };
const digest = digestOf(Buffer.from('manifest'));

function resultWith(more: Partial<PushResult> = {}): PushResult {
  return {
    ...{ reference, digest, mediaType: '', uploadedBytes: 2_000_000, mountedBytes: 0, skippedBytes: 0 },
    ...{ durationMs: 1_500, strategy: 'export', notices: [], ...more },
  };
}

const pushed = (more: Partial<PushResult> = {}): UnattendedOutcome => ({
  ...{ image: 'app:1', target: reference, result: resultWith(more) },
});

interface Ran {
  readonly written: string;
  readonly writes: readonly string[];
  readonly exitCode: number;
}

/** Runs a task in a terminal of this width; `undefined`: one that is not shown. */
async function runIn(
  columns: number | undefined,
  run: RunPush,
  act?: (terminal: InstanceType<typeof PushTerminal>) => void,
): Promise<Ran> {
  const writes: string[] = [];
  const terminal = new PushTerminal(run, () => Promise.resolve());
  terminal.onDidWrite((text) => writes.push(text));
  const exitCode = await new Promise<number>((resolve) => {
    terminal.onDidClose((code) => {
      resolve(code);
    });
    terminal.open(columns === undefined ? undefined : { columns, rows: 10 });
    act?.(terminal);
  });
  return { written: writes.join(''), writes, exitCode };
}

/** A push of one image with a layer that is there and one that is sent. */
const onePush: RunPush = ({ onResolved, onProgress }) => {
  const progress = new ImagesProgress([connection.origin], () => 0);
  const apply = (event: Parameters<typeof progress.apply>[0] & { readonly type: 'image' }): void => {
    progress.apply(event);
    onProgress(progress.snapshot());
  };
  const layer = (state: LayerStatus['state'], sentBytes = 0): LayerStatus => ({
    ...{ diffId: digestOf(Buffer.from(state)), state, readBytes: 0, readTotal: undefined, storedBytes: 0 },
    ...{ storedTotal: 2_000_000, sentBytes },
  });
  onResolved([job]);
  const at = (event: Parameters<typeof apply>[0]['event']): void => {
    apply({ type: 'image', index: 0, event });
  };
  at({ type: 'target', reference });
  at({ type: 'stage', stage: 'inspect' });
  at({ type: 'stage', stage: 'plan' });
  at({ type: 'planned', layers: [layer('exists'), layer('waiting')], imageBytes: 9 });
  at({ type: 'stage', stage: 'export' });
  at({ type: 'layer', index: 1, status: layer('uploading', 1_000_000) });
  at({ type: 'stage', stage: 'upload' });
  at({ type: 'layer', index: 1, status: layer('uploaded', 2_000_000) });
  at({ type: 'stage', stage: 'manifest' });
  at({ type: 'done', result: resultWith() });
  return Promise.resolve([pushed()]);
};

const lines = [
  'Pushing app:1 to gitea.test/dev/app:1',
  'Looking at the image',
  'Asking the registry what it has',
  /^Layer 1 of 2 [0-9a-f]{12}, 2\.0 MB: already there$/,
  'Sending what is missing',
  /^Layer 2 of 2 [0-9a-f]{12}, 2\.0 MB: sent$/,
  'Writing the manifest',
  'Pushed gitea.test/dev/app:1',
  `  ${digest}`,
  '  2.0 MB sent, 1.5 s',
];

function assertLines(written: string, expected: readonly (string | RegExp)[]): void {
  const found = written.split('\r\n');
  assert.equal(found.pop(), '', 'the last line is whole');
  assert.equal(found.length, expected.length, written);
  for (const [at, line] of expected.entries()) {
    if (typeof line === 'string') assert.equal(found[at], line);
    else assert.match(found[at] ?? '', line);
  }
}

suite('the terminal of a push task', () => {
  test('has whole lines of plain text alone where nobody looks at it', async () => {
    const { written, exitCode } = await runIn(undefined, onePush);
    assert.ok(!written.includes('\u001b'), 'no control sequence');
    assertLines(written, lines);
    assert.equal(exitCode, 0);
  });

  test('has one more line that changes where it is shown, no longer than the terminal', async () => {
    const { written, writes, exitCode } = await runIn(40, onePush);
    const moving = writes.filter((text) => !text.endsWith('\r\n')).map((text) => text.replace('\r\u001b[K', ''));
    assert.ok(
      moving.some((text) => text.startsWith('1.0 MB of 2.0 MB')),
      JSON.stringify(moving),
    );
    assert.ok(moving.every((text) => text.length < 40));
    // What a terminal shows in the end: each line after its last erasure.
    assertLines(
      written
        .split('\r\n')
        .map((line) => line.split('\r\u001b[K').at(-1))
        .join('\r\n'),
      lines,
    );
    assert.equal(exitCode, 0);
  });

  test('says once what a check finds, before the images are pushed', async () => {
    const notice = 'Everybody who can reach gitea.test can pull the images of dev: this owner is public.';
    const { written } = await runIn(undefined, ({ onNotice, onResolved }) => {
      onResolved([job]);
      onNotice(notice);
      onNotice(notice);
      return Promise.resolve([pushed({ notices: ['Another.', notice] }), pushed({ notices: [notice] })]);
    });
    const found = written.split('\r\n');
    assert.deepEqual(found.slice(0, 3), [lines[0], notice, 'Pushed gitea.test/dev/app:1']);
    assert.deepEqual(
      found.filter((line) => line.includes('Everybody') || line.includes('Another')),
      [notice, '  Another.'],
    );
  });

  test('of a failure has the next step and the code, and the exit code 1', async () => {
    const error = new TeaChestError('registryUnreachable', 'Nobody listens at gitea.test.');
    const failed = { image: 'app:1', target: reference, error };
    const { written, exitCode } = await runIn(undefined, () =>
      Promise.resolve([pushed({ isUnchanged: true }), failed]),
    );
    assert.match(
      written,
      /Not pushed: gitea\.test\/dev\/app:1: Nobody listens at gitea\.test\. Check the address.*\(registryUnreachable\)/,
    );
    assert.match(written, /Unchanged: gitea\.test\/dev\/app:1/);
    assert.match(written, /Pushed 1 of 2 images\./);
    assert.equal(exitCode, 1);
  });

  test('of a task that is wrong says what is wrong', async () => {
    const { written, exitCode } = await runIn(80, () =>
      Promise.reject(new TeaChestError('argumentInvalid', 'The task needs “image”.')),
    );
    assert.match(written, /^The task needs “image”\./);
    assert.equal(exitCode, 1);
  });

  for (const [how, act] of [
    [
      'Ctrl+C',
      (terminal: InstanceType<typeof PushTerminal>) => {
        terminal.handleInput('\u0003');
      },
    ],
    [
      'Terminate Task',
      (terminal: InstanceType<typeof PushTerminal>) => {
        terminal.close();
      },
    ],
  ] as const) {
    test(`${how} cancels the push, with the exit code 130`, async () => {
      let aborted = false;
      const run: RunPush = ({ signal }) =>
        new Promise((resolve) => {
          signal.addEventListener('abort', () => {
            aborted = true;
            resolve([{ image: 'app:1', target: reference, error: new TeaChestError('cancelled', 'Cancelled.') }]);
          });
        });
      const { written, exitCode } = await runIn(80, run, act);
      assert.ok(aborted);
      assert.match(written, /^Cancelling…\r\nCancelled: gitea\.test/);
      assert.equal(exitCode, 130);
    });
  }

  test('ends soon after a cancel, even if the push does not', async () => {
    const never: RunPush = () => new Promise(() => undefined);
    const { exitCode } = await runIn(80, never, (terminal) => {
      terminal.handleInput('\u0003');
    });
    assert.equal(exitCode, 130);
  });

  test('cannot be controlled by text from outside', async () => {
    const evil = '\u001b]0;title\u0007\u001b[2Jevil\r\nnew line\u009b31m';
    const error = new TeaChestError('registryFailed', evil);
    const outcomes = [pushed({ notices: [evil], reference: evil }), { image: evil, target: evil, error }];
    const { written } = await runIn(undefined, ({ onResolved }) => {
      onResolved([{ ...job, image: evil }]);
      return Promise.resolve(outcomes);
    });
    // eslint-disable-next-line no-control-regex -- control characters are what is looked for
    assert.ok(!/[\u0000-\u0009\u000b\u000c\u000e-\u001f\u007f-\u009f]/.test(written), JSON.stringify(written));
    assert.ok(!/(^|\n)new line/.test(written), 'and begins no line of its own');
  });
});
