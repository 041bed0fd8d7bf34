import assert from 'node:assert/strict';
import { suite, test, type TestContext } from 'node:test';
import { TeaChestError } from '../../../../../src/core/base/errors.ts';
import { digestOf, type Digest } from '../../../../../src/core/oci/digest.ts';
import { ImagesProgress, type ImagesSnapshot } from '../../../../../src/core/push/imagesProgress.ts';
import type { RecordedOutcome } from '../../../../../src/core/push/record/recordPush.ts';
import type { LayerStatus, PushResult } from '../../../../../src/core/push/pushEvents.ts';
import type { PushRecorder } from '../../../../../src/host/history/pushHistory.ts';
import { PushHistory } from '../../../../../src/host/history/pushHistory.ts';
import type { HistoryChange } from '../../../../../src/host/history/changeBatch.ts';
import type { PushNode } from '../../../../../src/host/views/pushes/pushNodes.ts';
import { silentLogger } from '../../../../tools/silentLogger.ts';
import { TreeView, useFakeVscode } from '../../support/fakeVscode.ts';
import { connectionTo, emitter, memento } from '../../support/hostFakes.ts';

useFakeVscode();
const { PushesView } = await import('../../../../../src/host/views/pushes/pushesView.ts');

const mega = 1_000_000;
const [base, own] = ['base', 'own'].map((text) => digestOf(Buffer.from(text))) as [Digest, Digest];
const origin = 'https://gitea.example';
const layer = (diffId: Digest, change: Partial<LayerStatus> = {}): LayerStatus => ({
  ...{ diffId, state: 'waiting', readBytes: 0, readTotal: undefined, storedBytes: 0, storedTotal: undefined },
  ...{ sentBytes: 0, ...change },
});
const pushed = (change: Partial<PushResult> = {}): RecordedOutcome => ({
  kind: 'pushed',
  result: {
    ...{ reference: 'gitea.example/dev/app:1', digest: own, mediaType: 'm', uploadedBytes: 20 * mega },
    ...{ mountedBytes: 0, skippedBytes: 0, durationMs: 1500, strategy: 'export', notices: [], ...change },
  },
});

class Rig {
  readonly history = new PushHistory({
    ...{ state: { ...memento(), watch: () => ({ dispose: () => undefined }) }, changed: emitter<HistoryChange>() },
    logger: silentLogger,
  });
  readonly view = new PushesView({ history: this.history, store: { find: () => connectionTo(origin) } });
  readonly changes: (readonly PushNode[] | undefined)[] = [];
  readonly tree: TreeView;

  constructor(t: TestContext) {
    t.mock.timers.enable({ apis: ['setTimeout', 'setInterval'] });
    this.tree = TreeView.all.get('teaChest.pushes') ?? assert.fail('no tree');
    this.tree.show(true);
    this.view.onDidChangeTreeData((change) => this.changes.push(change));
    t.after(() => {
      this.view.dispose();
      this.history.dispose();
    });
  }

  begin(...names: string[]): PushRecorder {
    return this.history.begin(
      names.map((name) => ({ image: name, target: `gitea.example/dev/${name}`, origin, options: {} })),
    );
  }

  /** `label (description) [icon] {contextValue}` of the rows below a row. */
  rows(node?: PushNode): readonly string[] {
    return this.view.getChildren(node).map((one) => this.text(one));
  }

  text(node: PushNode): string {
    const { label, description, iconPath, contextValue } = this.view.getTreeItem(node);
    const icon = (iconPath as { readonly id: string }).id;
    return `${label as string} (${String(description)}) [${icon}] {${String(contextValue)}}`;
  }
}

/** A running push of one image with two layers. */
function progressOf(...layers: LayerStatus[]): ImagesProgress {
  const progress = new ImagesProgress([origin], () => 0);
  const platform = { os: 'linux', architecture: 'amd64' };
  const image = { id: own, diffIds: [base, own], platform, size: 30 * mega };
  progress.apply({ type: 'image', index: 0, event: { type: 'inspected', image } });
  progress.apply({ type: 'image', index: 0, event: { type: 'stage', stage: 'export' } });
  progress.apply({ type: 'image', index: 0, event: { type: 'planned', layers, imageBytes: 30 * mega } });
  return progress;
}

suite('the Pushes view', () => {
  test('has a row for each push that says its state in words, and one below it for each layer', async (t) => {
    const rig = new Rig(t);
    const [running, queued] = [rig.begin('app:1'), rig.begin('tool:1')];
    await running.apply({ type: 'started', at: Date.now() });
    await queued.apply({ type: 'queued', position: 1 });
    const read = { readBytes: 40 * mega, readTotal: 40 * mega, storedTotal: 20 * mega };
    const sending = layer(own, { state: 'uploading', ...read, sentBytes: 5 * mega });
    const progress = progressOf(layer(base, { state: 'mounted', storedTotal: 10 * mega }), sending);
    await running.apply({ type: 'progress', at: Date.now(), snapshot: progress.snapshot() });
    assert.deepEqual(rig.rows(), [
      '25% (dev/app:1) [sync~spin] {push.running.here}',
      'dev/tool:1 (queued, next) [watch] {push.queued.here}',
    ]);
    const [run] = rig.view.getChildren();
    const steps = [
      { createdBy: 'COPY base /', size: 1 },
      { createdBy: 'RUN make', size: 1 },
    ];
    await running.apply({ type: 'history', index: 0, diffIds: [base, own], steps });
    assert.deepEqual(rig.rows(run), [
      'mounted · 10.0 MB (COPY base /) [check-all] {layer}',
      'sending 5.0 of 20.0 MB (RUN make) [cloud-upload] {layer}',
    ]);
  });

  test('begins the row of a running push with its rate and its time left, whatever its name', async (t) => {
    const rig = new Rig(t);
    const long = 'services/payments/notification-gateway:2026.11.26-build4711';
    const [one, several] = [rig.begin(long), rig.begin('a:1', 'b:1')];
    const rate = { fraction: 0.43, sentBytes: 5 * mega, bytesPerSecond: 61.2 * mega, etaSeconds: 12 };
    const snapshot: ImagesSnapshot = { ...progressOf().snapshot(), ...rate };
    for (const recorder of [one, several]) {
      await recorder.apply({ type: 'started', at: Date.now() });
      await recorder.apply({ type: 'progress', at: Date.now(), snapshot });
    }
    assert.deepEqual(rig.rows(), [
      `43% · 61.2 MB/s · 12 s (dev/${long}) [sync~spin] {push.running.here}`,
      '43% · 61.2 MB/s · 12 s (0 of 2 images) [sync~spin] {push.running.here}',
    ]);
    const [row] = rig.view.getChildren().map((node) => rig.view.getTreeItem(node).accessibilityInformation?.label);
    assert.equal(row, `Push of ${long} to gitea.example/dev/${long}: 43% · 61.2 MB/s · 12 s`);
  });

  test('says what a running push waits for after its name: it would leave no room for that', async (t) => {
    const rig = new Rig(t);
    const recorder = rig.begin('app:1');
    const rate = { fraction: 0.99, sentBytes: 5 * mega, isAwaitingAnswer: true };
    await recorder.apply({ type: 'started', at: Date.now() });
    await recorder.apply({ type: 'progress', at: Date.now(), snapshot: { ...progressOf().snapshot(), ...rate } });
    assert.deepEqual(rig.rows(), ['99% (dev/app:1 · waiting for the registry) [sync~spin] {push.running.here}']);
    const [row] = rig.view.getChildren().map((node) => rig.view.getTreeItem(node).accessibilityInformation?.label);
    assert.equal(row, 'Push of app:1 to gitea.example/dev/app:1: 99% · waiting for the registry');
  });

  test('draws only rows again that changed, and none while it is hidden', async (t) => {
    const rig = new Rig(t);
    const recorder = rig.begin('app:1');
    await recorder.apply({ type: 'started', at: 0 });
    const report = async (sentBytes: number, stage: 'export' | 'check'): Promise<void> => {
      const progress = progressOf(
        layer(base, { state: 'exists' }),
        layer(own, { state: 'uploading', sentBytes, storedTotal: 20 * mega }),
      );
      progress.apply({ type: 'image', index: 0, event: { type: 'stage', stage } });
      await recorder.apply({ type: 'progress', at: 0, snapshot: progress.snapshot() });
      t.mock.timers.tick(300);
    };
    await report(mega, 'check');
    const [run] = rig.view.getChildren();
    assert.ok(run !== undefined);
    rig.text(run);
    const [first, second] = rig.view.getChildren(run);
    assert.ok(first !== undefined && second !== undefined);
    for (const node of [first, second]) rig.text(node);
    rig.changes.length = 0;
    await report(2 * mega, 'check');
    assert.deepEqual(rig.changes, [[second]], 'the row of the push says the same');
    assert.match(rig.text(second), /sending 2\.0 of 20\.0 MB/);
    rig.changes.length = 0;
    await report(2 * mega, 'check');
    assert.deepEqual(rig.changes, []);
    rig.tree.show(false);
    await report(3 * mega, 'export');
    assert.deepEqual(rig.changes, []);
    rig.tree.show(true);
    assert.deepEqual(rig.changes, [undefined]);
  });

  test('shows how many run as a badge', async (t) => {
    const rig = new Rig(t);
    const [one, other] = [rig.begin('a:1'), rig.begin('b:1')];
    for (const recorder of [one, other]) await recorder.apply({ type: 'started', at: 0 });
    t.mock.timers.tick(300);
    assert.deepEqual(rig.tree.badge, { value: 2, tooltip: '2 pushes are running' });
    await one.apply({ type: 'ended', at: 0, outcomes: [pushed()] });
    t.mock.timers.tick(300);
    assert.deepEqual(rig.tree.badge, { value: 1, tooltip: '1 push is running' });
    await other.apply({ type: 'ended', at: 0, outcomes: [pushed()] });
    t.mock.timers.tick(300);
    assert.equal(rig.tree.badge, undefined);
  });

  test('says what became of a push, and why it failed', async (t) => {
    const rig = new Rig(t);
    const denied = new TeaChestError('accessDenied', 'You may not write there.', { stage: 'plan' });
    const closed = new TeaChestError('cancelled', 'Closed.', { facts: { isWindowClosed: true } });
    const outcomes: readonly (readonly [string, RecordedOutcome])[] = [
      ['sent:1', pushed()],
      ['same:1', pushed({ isUnchanged: true })],
      ['denied:1', { kind: 'failed', error: denied }],
      ['stopped:1', { kind: 'failed', error: new TeaChestError('cancelled', 'Cancelled.') }],
      ['closed:1', { kind: 'failed', error: closed }],
    ];
    const now = Date.now();
    for (const [at, [name, outcome]] of outcomes.entries()) {
      const recorder = rig.begin(name);
      await recorder.apply({ type: 'started', at: 0 });
      await recorder.apply({ type: 'ended', at: now - at, outcomes: [outcome] });
    }
    assert.deepEqual(rig.rows(), [
      'dev/sent:1 (pushed, 20.0 MB sent · just now) [pass] {push.pushed.over.digest.shown.web}',
      'dev/same:1 (unchanged · just now) [pass] {push.pushed.over.digest.shown.web}',
      'dev/denied:1 (failed · just now) [error] {push.failed.over}',
      'dev/stopped:1 (cancelled · just now) [circle-slash] {push.cancelled.over}',
      'dev/closed:1 (interrupted · just now) [debug-disconnect] {push.interrupted.over}',
    ]);
    const notes = rig.view.getChildren().map((node) => rig.view.getTreeItem(rig.view.getChildren(node)[0] ?? node));
    assert.deepEqual(
      notes.map(({ label }) => label),
      [
        'It ended before its layers were known.',
        'The tag was this image already: nothing was sent.',
        'You may not write there. Choose an owner you may write to, or ask for write access to its packages.',
        'It ended before its layers were known.',
        'Its window closed during the push. Push it again: layers that arrived are not sent again.',
      ],
    );
    assert.equal(notes[2]?.command?.command, 'teaChest.pushes.showError');
  });

  test('has a row for each of several images', async (t) => {
    const rig = new Rig(t);
    const recorder = rig.begin('a:1', 'b:1');
    await recorder.apply({ type: 'started', at: 0 });
    const error = new TeaChestError('ownerNotFound', 'No such owner.');
    await recorder.apply({ type: 'ended', at: Date.now(), outcomes: [pushed(), { kind: 'failed', error }] });
    assert.deepEqual(rig.rows(), ['2 images (failed · 1 of 2 pushed · just now) [error] {push.failed.over.digest}']);
    const [run] = rig.view.getChildren();
    assert.deepEqual(rig.rows(run), [
      'dev/a:1 (pushed, 20.0 MB sent) [pass] {image.pushed.over.digest.shown.web}',
      'dev/b:1 (failed) [error] {image.failed.over}',
    ]);
  });

  test('tells what happens if the window closes, and of a push of another window where to cancel it', async (t) => {
    const rig = new Rig(t);
    const recorder = rig.begin('app:1');
    await recorder.apply({ type: 'started', at: 0 });
    const [run] = rig.view.getChildren();
    assert.ok(run !== undefined);
    const tooltip = (): string => (rig.view.getTreeItem(run).tooltip as { readonly value: string }).value;
    assert.match(tooltip(), /If this window closes, the push stops/);
    t.mock.method(rig.history, 'isHere', () => false);
    assert.match(tooltip(), /Another window runs this push/);
    assert.match(rig.text(run), /in another window/);
  });
});
