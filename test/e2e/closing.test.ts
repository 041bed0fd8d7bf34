import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { after, afterEach, before, suite, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

import { isTemporaryName } from '../../src/core/relay/temporaryTag.ts';
import { startFakeGitea, type FakeGitea } from '../fakeGitea/fakeGitea.ts';
import { startPrivateEngine, type Engine } from '../tools/engine.ts';
import { buildImage } from '../tools/images.ts';
import { makeScratch, type Scratch } from '../tools/scratch.ts';
import { openVscode, type VscodeWindow } from './harness/openVscode.ts';

const dev = { username: 'dev', secret: 'dev pässword: with everything' };

/** A window that closes while it pushes: VS Code waits four seconds for `deactivate`, and not for disposables. */
suite('a window that closes during a push', { timeout: 600_000 }, () => {
  let engine: Engine;
  let gitea: FakeGitea;
  let spool: Scratch;
  let vscode: VscodeWindow;
  let url: string;

  before(async () => {
    [engine, gitea, spool] = await Promise.all([
      startPrivateEngine(),
      startFakeGitea({ tls: 'valid' }),
      makeScratch('spool'),
    ]);
    // One for each strategy: blobs that the registry has are not sent.
    for (const name of ['export', 'relay']) {
      const layers = [1, 2, 3].map(() => ({ files: { random: randomBytes(12_000_000) } }));
      await buildImage(engine, { tags: [`closing:${name}`], layers });
    }
    vscode = await openVscode({
      env: { DOCKER_HOST: engine.host },
      settings: { 'teaChest.spool.folder': spool.path },
    });
    url = vscode.page.url();
  });
  after(async () => {
    await vscode.close();
    await Promise.all([engine.stop(), gitea.close(), spool.remove()]);
  });
  afterEach(() => {
    gitea.faults.clear();
  });

  const signIn = (): Promise<unknown> =>
    vscode.host.executeCommand('teaChest.signIn', { url: gitea.url, ...dev, trustFingerprint: gitea.fingerprint256 });

  async function temporaryNames(): Promise<string[]> {
    const { stdout } = await engine.docker(['image', 'ls', '--all', '--format', '{{.Repository}}:{{.Tag}}']);
    return stdout.split('\n').filter((name) => isTemporaryName(name));
  }

  /** What pushes have left; polls until that is nothing, or the time is over. */
  async function leftovers(): Promise<object> {
    const nothing = { sessions: 0, files: [], names: [] };
    let left: object = {};
    for (let round = 0; round < 100; round++) {
      const [files, names] = [await readdir(spool.path), await temporaryNames()];
      left = { sessions: gitea.openSessions().length, files, names };
      if (JSON.stringify(left) === JSON.stringify(nothing)) break;
      await sleep(100);
    }
    return left;
  }

  for (const strategy of ['export', 'relay'] as const) {
    test(`leaves nothing of a push by ${strategy}, and the next one offers to push again`, async () => {
      await signIn();
      const stalled = Promise.withResolvers<undefined>();
      for (const method of ['PATCH', 'PUT']) {
        gitea.faults.add({
          method,
          path: /\/blobs\/uploads\/./,
          times: Infinity,
          action: { kind: 'stall', afterBytes: 1_000_000 },
          onStrike: () => {
            stalled.resolve(undefined);
          },
        });
      }
      const target = `${gitea.host}/dev/closing-${strategy}:1`;
      // Its result is lost with the window.
      vscode.host
        .executeCommand('teaChest.pushImage', { image: `closing:${strategy}`, target, strategy, compression: 'gzip' })
        .catch(() => undefined);
      await stalled.promise;
      assert.ok(gitea.openSessions().length > 0, 'a session is open');
      assert.notDeepEqual(await readdir(spool.path), []);
      assert.equal((await temporaryNames()).length, strategy === 'relay' ? 1 : 0);

      // As for a closed tab: the page still disconnects from its extension host.
      await vscode.page.goto('about:blank');
      assert.deepEqual(await leftovers(), { sessions: 0, files: [], names: [] });
      assert.deepEqual(gitea.tags('dev', `closing-${strategy}`), []);

      gitea.faults.clear();
      await vscode.page.goto(url);
      await vscode.sideBar.open('Tea Chest');
      const { notifications } = vscode;
      const notification = await notifications.waitFor(/closing:.* to .* was stopped when its window closed/);
      assert.ok(notification.includes(target), notification);
      await signIn();
      await notifications.click(/was stopped when its window closed/, 'Push Again');
      await notifications.waitFor(/Copy Reference|Pushed/);
      assert.deepEqual(gitea.tags('dev', `closing-${strategy}`), ['1']);
      assert.deepEqual(await leftovers(), { sessions: 0, files: [], names: [] });
    });
  }
});
