import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';

import type { SignedIn } from '../../src/host/commands/signIn.ts';
import { startFakeGitea, type FakeGitea } from '../fakeGitea/fakeGitea.ts';
import { makeScratch, type Scratch } from '../tools/scratch.ts';
import { RemoteError } from '../e2e/harness/agentServer.ts';
import { startExtensionHost, type RunningExtensionHost } from '../e2e/harness/extensionHost.ts';

/** What works on every system that VS Code runs on, without an engine or another tool: activation, sign-in, errors. */
suite('anywhere', { timeout: 600_000 }, () => {
  let gitea: FakeGitea;
  let folder: Scratch;
  let vscode: RunningExtensionHost;

  before(async () => {
    [gitea, folder] = await Promise.all([startFakeGitea({ tls: 'valid' }), makeScratch('no-engine')]);
    const socket = process.platform === 'win32' ? 'npipe:////./pipe/no-engine' : `unix://${join(folder.path, 'none')}`;
    vscode = await startExtensionHost({ settings: { 'teaChest.engine.host': socket } });
  });

  after(async () => {
    const ended = await vscode.stop();
    assert.equal(ended.exitCode, 0, ended.output);
    await Promise.all([gitea.close(), folder.remove()]);
  });

  test('signs in with the certificate trusted by its fingerprint, and out again', async () => {
    const argument = {
      url: gitea.url,
      username: 'dev',
      secret: 'dev pässword: with everything',
      trustFingerprint: gitea.fingerprint256,
    };
    const signedIn = await vscode.executeCommand<SignedIn>('teaChest.signIn', argument);
    assert.deepEqual(signedIn, { origin: gitea.origin, username: 'dev' });
    await vscode.executeCommand('teaChest.signOut', { url: gitea.url });
  });

  test('says which engine does not answer, and where its address comes from', async () => {
    await assert.rejects(vscode.executeCommand('teaChest.listImages'), (error) => {
      assert.ok(error instanceof RemoteError, String(error));
      assert.match(String(error.facts['code']), /^engine(?:NotFound|Stopped)$/);
      assert.match(error.message, /teaChest\.engine\.host/);
      return true;
    });
  });
});
