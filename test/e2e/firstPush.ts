import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';

import { startFakeGitea, type FakeGitea } from '../fakeGitea/fakeGitea.ts';
import { checkStored } from '../tools/checkPushed.ts';
import { startPrivateEngine, type Engine } from '../tools/engine.ts';
import { buildImage, sizes } from '../tools/images.ts';
import { dev } from '../unit/gitea/testClient.ts';
import type { VscodeWindow } from './harness/openVscode.ts';

const mostClicks = 6;

export interface Pushed {
  /** Where the story began, for the test's output. */
  readonly from: string;
  /** By `performance.now()`. */
  readonly startedAt: number;
  readonly reference: string;
}

/** An engine with the image shop/web:1.2, and a Gitea with a certificate of its own, which nobody is signed in to. */
export interface FirstPushRig {
  readonly engine: Engine;
  readonly gitea: FakeGitea;
  /** Asserts the clicks that the window counted so far, and that another engine pulls the image that was built. */
  check(t: TestContext, vscode: VscodeWindow, pushed: Pushed): Promise<void>;
  close(): Promise<void>;
}

export async function startFirstPushRig(): Promise<FirstPushRig> {
  const [engine, puller, gitea] = await Promise.all([
    startPrivateEngine(),
    startPrivateEngine(),
    startFakeGitea({ tls: 'valid' }),
  ]);
  const built = await buildImage(engine, { tags: ['shop/web:1.2'], layers: sizes.medium });
  return {
    engine,
    gitea,
    check: async (t, vscode, { from, startedAt, reference }) => {
      const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
      const clicks = vscode.clicks.all();
      t.diagnostic(`${from} to the first push: ${clicks.length} clicks, ${seconds} s (${clicks.join(' · ')})`);
      assert.ok(clicks.length <= mostClicks, clicks.join('\n'));
      await checkStored({ reference, built, puller, credentials: dev });
    },
    close: async () => {
      await Promise.all([engine.stop(), puller.stop(), gitea.close()]);
    },
  };
}
