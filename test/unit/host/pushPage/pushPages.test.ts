import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import type { PushArguments } from '../../../../src/host/push/pushArguments.ts';
import type { PushPagesOptions } from '../../../../src/host/pushPage/pushPages.ts';
import type { PushCall } from '../../../../src/host/push/pushController.ts';
import { silentLogger } from '../../../tools/silentLogger.ts';
import { Uri, useFakeVscode, window } from '../support/fakeVscode.ts';

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

  click(id: string): void {
    this.#received({ type: 'action', id });
  }

  dispose(): void {
    this.#isClosed = true;
    this.#closed(undefined);
  }
}

const all = [{ image: 'app:1', target: 'gitea.test/dev/app:1' }];

/** The page of a plan, and the pushes that it begins: each gets its record when the test says so. */
async function planTab() {
  let restore: (tab: Tab, state: unknown) => Promise<void> = () => Promise.resolve();
  Object.assign(window, {
    registerWebviewPanelSerializer: (_: string, serializer: { deserializeWebviewPanel: typeof restore }) => {
      restore = (...restored) => serializer.deserializeWebviewPanel(...restored);
      return { dispose: () => undefined };
    },
  });
  const pushes: { readonly args: PushArguments; readonly call: PushCall }[] = [];
  const confirmations: ((isConfirmed: boolean) => void)[] = [];
  const push = {
    pushArguments: (args: PushArguments, call: PushCall = {}) => {
      pushes.push({ args, call });
      return new Promise<never>(() => undefined);
    },
  };
  const options = {
    ...{ extensionUri: Uri.file('/extension'), logger: silentLogger, push },
    history: { find: () => undefined, isHere: () => false, onDidChange: () => ({ dispose: () => undefined }) },
    planner: {
      plan: () => new Promise(() => undefined),
      confirm: () => new Promise<boolean>((resolve) => confirmations.push(resolve)),
    },
  };
  const pages = new PushPages(options as unknown as PushPagesOptions);
  const tab = new Tab();
  await restore(tab, { kind: 'plan', all });
  const confirm = async (isConfirmed: boolean): Promise<void> => {
    confirmations.shift()?.(isConfirmed);
    await setImmediate();
  };
  return { pages, tab, pushes, confirmations, confirm };
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
