import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { TeaChestError } from '../../../../src/core/base/errors.ts';
import type { PushArguments } from '../../../../src/host/push/pushArguments.ts';
import type { PushPagesOptions } from '../../../../src/host/pushPage/pushPages.ts';
import type { PushCall } from '../../../../src/host/push/pushController.ts';
import { silentLogger } from '../../../tools/silentLogger.ts';
import { lastButtons, press, takeShown, Uri, useFakeVscode, window } from '../support/fakeVscode.ts';

useFakeVscode();
const { PushPages } = await import('../../../../src/host/pushPage/pushPages.ts');

type Listener = (value: unknown) => void;

/** A tab of VS Code: once it is closed, its setters throw. */
class Tab {
  readonly visible = true;
  #isClosed = false;
  #received: Listener = () => undefined;
  #closed: Listener = () => undefined;
  readonly webview = {
    options: {},
    html: '',
    cspSource: '',
    asWebviewUri: String,
    postMessage: () => Promise.resolve(true),
    onDidReceiveMessage: (listener: Listener) => void (this.#received = listener),
  };
  onDidChangeViewState = (): void => undefined;
  onDidDispose = (listener: Listener): void => void (this.#closed = listener);

  set title(_: string) {
    if (this.#isClosed) throw new Error('Webview is disposed');
  }

  click(id: string, image?: string): void {
    this.#received({ type: 'action', id, ...(image !== undefined && { image }) });
  }

  dispose(): void {
    this.#isClosed = true;
    this.#closed(undefined);
  }
}

const all = [{ image: 'app:1', target: 'gitea.test/dev/app:1' }];

/** The pages, and a function that opens one in a tab as after a restart of the window. */
function pagesWith(options: object) {
  let restore: (tab: Tab, state: unknown) => Promise<void> = () => Promise.resolve();
  Object.assign(window, {
    registerWebviewPanelSerializer: (_: string, serializer: { deserializeWebviewPanel: typeof restore }) => {
      restore = (...restored) => serializer.deserializeWebviewPanel(...restored);
      return { dispose: () => undefined };
    },
  });
  const pages = new PushPages({
    ...{ extensionUri: Uri.file('/extension'), logger: silentLogger, store: { find: () => undefined } },
    history: { find: () => undefined, isHere: () => false, onDidChange: () => ({ dispose: () => undefined }) },
    ...options,
  } as unknown as PushPagesOptions);
  return { pages, restore };
}

/** The page of a plan, and the pushes that it begins: each gets its record when the test says so. */
async function planTab() {
  const pushes: { readonly args: PushArguments; readonly call: PushCall }[] = [];
  const confirmations: ((isConfirmed: boolean) => void)[] = [];
  const push = {
    pushArguments: (args: PushArguments, call: PushCall = {}) => {
      pushes.push({ args, call });
      return new Promise<never>(() => undefined);
    },
  };
  const planner = {
    plan: () => new Promise(() => undefined),
    confirm: () => new Promise<boolean>((resolve) => confirmations.push(resolve)),
  };
  const { pages, restore } = pagesWith({ push, planner });
  const tab = new Tab();
  await restore(tab, { kind: 'plan', all });
  const confirm = async (isConfirmed: boolean): Promise<void> => {
    confirmations.shift()?.(isConfirmed);
    await setImmediate();
  };
  return { pages, tab, pushes, confirmations, confirm };
}

/** A record with what a page draws of it. */
function recordOf(images: readonly object[]): object {
  return {
    ...{ id: '1', state: 'failed', queuedAt: 0, samples: { step: 500, list: [] } },
    progress: { stage: 'upload', enginePreparing: false, sentBytes: 0 },
    images: images.map((image) => Object.assign(image, { state: 'failed', layers: [], target: 'gitea.test/dev/a:1' })),
  };
}

suite('the page of a plan', () => {
  test('begins one push, however often its button is clicked before the push has a record', async () => {
    const { tab, pushes, confirmations, confirm } = await planTab();
    tab.click('push');
    tab.click('push');
    assert.equal(confirmations.length, 1);
    await confirm(false);
    assert.equal(pushes.length, 0);
    tab.click('push');
    await confirm(true);
    tab.click('push');
    await setImmediate();
    assert.deepEqual(
      pushes.map(({ args, call }) => [args, call.isAttended]),
      [[all[0], true]],
    );
  });

  test('may be closed before the push has a record, which goes on', async () => {
    const { tab, pushes, confirm } = await planTab();
    tab.click('push');
    tab.dispose();
    await confirm(true);
    pushes[0]?.call.onRecord?.('1');
    assert.equal(pushes.length, 1);
  });
});

suite('an error on a page', () => {
  const stopped = new TeaChestError('engineStopped', 'The engine is not running.');
  const denied = new TeaChestError('accessDenied', 'You may not.');

  for (const source of [
    { kind: 'plan', all },
    { kind: 'layers', image: 'app:1' },
  ]) {
    test(`is shown with what helps against it, and “Retry” asks again: ${source.kind}`, async () => {
      let asked = 0;
      const fail = (): Promise<never> => {
        asked++;
        return Promise.reject(stopped);
      };
      const { restore } = pagesWith({ planner: { plan: fail, layers: fail } });
      const tab = new Tab();
      await restore(tab, source);
      await setImmediate();
      takeShown();
      press('Retry');
      tab.click('showError');
      await setImmediate();
      const [message] = takeShown();
      assert.match(
        message?.text ?? '',
        /^The engine is not running\. .*More About This.*showTroubleshooting.*engineStopped/,
      );
      assert.ok(lastButtons().includes('Select Engine…'), lastButtons().join());
      assert.equal(asked, 2);
    });
  }

  test('of one image of a plan is shown with its arguments, and a changed answer plans again in the same tab', async () => {
    const two = [...all, { image: 'tool:1', target: 'gitea.test/guild/tool:1' }];
    const planned: (readonly PushArguments[])[] = [];
    const shown: unknown[] = [];
    const { restore } = pagesWith({
      planner: {
        plan: (asked: readonly PushArguments[]) => {
          planned.push(asked);
          const [one, other] = asked.map(({ target }) => ({ kind: 'failed', reference: target, error: denied }));
          return Promise.resolve({
            plan: { images: [one, other], send: { bytes: 0, precision: 'exact' } },
            isPublic: [],
          });
        },
      },
      push: {
        showPlanFailure: async (args: PushArguments, error: unknown, again: (args: PushArguments) => unknown) => {
          shown.push([args, error]);
          await again({ ...args, platform: 'linux/arm64' });
        },
      },
    });
    const tab = new Tab();
    await restore(tab, { kind: 'plan', all: two });
    await setImmediate();
    tab.click('showError', '1');
    await setImmediate();
    assert.deepEqual(shown, [[two[1], denied]]);
    assert.deepEqual(planned, [two, [two[0], { ...two[1], platform: 'linux/arm64' }]]);
    tab.click('showError', '7');
    assert.equal(shown.length, 1, 'there is no such image');
  });

  test('of each image of a push is shown', async () => {
    const images = ['a', 'b'].map((image) => ({ image, error: { code: 'uploadLost' } }));
    const shown: unknown[] = [];
    const { restore } = pagesWith({
      history: { find: () => recordOf(images), isHere: () => false, onDidChange: () => ({ dispose: () => undefined }) },
      push: { showFailure: (image: unknown) => shown.push(image) },
    });
    const tab = new Tab();
    await restore(tab, { kind: 'push', id: '1' });
    tab.click('showError', '1');
    tab.click('showError');
    await setImmediate();
    assert.deepEqual(shown, [images[1], images[0]]);
  });
});
