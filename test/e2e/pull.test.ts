import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { buffer } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';
import { after, afterEach, before, suite, test } from 'node:test';
import { pack } from 'tar-stream';

import { startFakeGitea, type FakeGitea } from '../fakeGitea/fakeGitea.ts';
import { readSaved, store } from '../integration/pull/pullRig.ts';
import { startPrivateEngine, type Engine } from '../tools/engine.ts';
import { loadImage } from '../tools/images.ts';
import { addIndex, addPlatform, Blobs, digestOf, oci, type Described } from '../tools/ociLayout.ts';
import { provision } from '../tools/provision.ts';
import { clientFor, dev, type TestClient } from '../unit/gitea/testClient.ts';
import { RemoteError } from './harness/agentServer.ts';
import { openVscode, type VscodeWindow } from './harness/openVscode.ts';

/** What a person clicks to pull, from a Gitea whose certificate only they trust. */
suite('pulling by hand', { timeout: 220_000 }, () => {
  let engine: Engine;
  let gitea: FakeGitea;
  let client: TestClient;
  let vscode: VscodeWindow;
  let image: { readonly blobs: Blobs; readonly manifest: Described; readonly layer: Described };

  before(async () => {
    await provision(['engine', 'skopeo']);
    [engine, gitea, image] = await Promise.all([
      startPrivateEngine({ dataParent: '/dev/shm' }),
      startFakeGitea({ tls: 'valid' }),
      makeImage(),
    ]);
    client = clientFor(gitea.url, { credential: dev, trust: { pinnedFingerprint: gitea.fingerprint256 } });
    await store(client, 'dev/app', '1', image.blobs, image.manifest);
    const blobs = new Blobs();
    const platforms = [await addPlatform(blobs, 'arm64'), await addPlatform(blobs, 's390x')];
    const listed = platforms.map((one, at) => ({
      ...one,
      platform: { os: 'linux', architecture: ['arm64', 's390x'][at] },
    }));
    await store(client, 'dev/foreign', '1', blobs, addIndex(blobs, listed));
    vscode = await openVscode({ env: { DOCKER_HOST: engine.host } });
    await vscode.sideBar.open('Tea Chest');
  });

  after(async () => {
    await vscode.close();
    await client.close();
    await Promise.all([engine.stop(), gitea.close()]);
  });

  afterEach(async () => {
    await vscode.host.executeCommand('notifications.clearAll');
  });

  const registries = (): ReturnType<VscodeWindow['sideBar']['view']> => vscode.sideBar.view('Registries');
  const images = (): ReturnType<VscodeWindow['sideBar']['view']> => vscode.sideBar.view('Images');

  async function names(): Promise<string[]> {
    const { stdout } = await engine.docker(['images', '--all', '--format', '{{.Repository}}:{{.Tag}}']);
    return stdout.split('\n').filter((name) => name !== '' && !name.includes('<none>'));
  }

  test('a person signs in, browses, pulls with progress, and is shown the image', async () => {
    const { page, quickInput, notifications } = vscode;
    await quickInput.runCommand('Tea Chest: Sign In to a Registry…');
    await quickInput.type(gitea.url);
    await quickInput.accept();
    const dialog = page.locator('.monaco-dialog-box');
    await dialog.waitFor();
    await dialog.locator('.monaco-button').filter({ hasText: 'Trust This Certificate' }).click();
    await quickInput.waitFor('(2/3)');
    await quickInput.type(dev.username);
    await quickInput.accept();
    await quickInput.waitFor('(3/3)');
    await quickInput.type(
      gitea.createToken('dev', ['write:package', 'read:user', 'read:organization', 'read:repository']),
    );
    await quickInput.accept();
    await registries().expand(gitea.host);
    await registries().expand(/^dev/);
    await registries().expand(/^app/);
    // Half of the layer comes, again and again: the pull waits between its attempts.
    const cut = gitea.faults.add({
      ...{ method: 'GET', path: new RegExp(image.layer.digest) },
      ...{ times: Infinity, action: { kind: 'cutReply', afterBytes: 5_000_000 } },
    });
    await registries().chooseFromMenu(/^1[0-9a-f]{12}/, 'Pull');
    // How much arrives before the connection breaks differs: often less than was sent.
    await notifications.waitFor(/Pulling dev\/app:1.*\d [kM]?B of 10\.\d MB/);
    await vscode.screenshot('pull-running-dark');
    const bar = (await vscode.statusBar()).find((text) => text.includes('Pull of'));
    assert.match(bar ?? '', new RegExp(`^Pull of ${gitea.host}/dev/app:1: \\d+%`));
    assert.ok(cut.strikes > 0);
    await notifications.click(/Pulling dev\/app:1/, 'Cancel');
    await notifications.gone(/Pulling dev\/app:1/);
    cut.remove();
    assert.deepEqual(await names(), []);

    await registries().chooseFromMenu(/^1[0-9a-f]{12}/, 'Pull');
    const done = await notifications.waitFor(/Pulled .*\/dev\/app:1 in /);
    assert.match(done, new RegExp(`10\\.\\d MB\\. sha256:${image.manifest.digest.slice(7, 19)}$`));
    await vscode.screenshot('pull-done-dark');
    assert.deepEqual(await notifications.buttonsOf(/Pulled /), ['Show in Images', 'Copy Reference']);
    await notifications.click(/Pulled /, 'Show in Images');
    await images().row(`${gitea.host}/dev/app:1`).and(page.locator('[aria-selected="true"]')).waitFor();
    await vscode.screenshot('pull-shown-dark');
    const saved = await readSaved(engine, `${gitea.host}/dev/app:1`);
    const manifest = JSON.parse(image.blobs.all.get(image.manifest.digest)?.bytes.toString() ?? '') as {
      config: Described;
    };
    assert.equal(saved.config, manifest.config.digest);
    assert.deepEqual(await names(), [`${gitea.host}/dev/app:1`]);
  });

  test('what is there already is not downloaded again', async () => {
    gitea.clearRequests();
    await registries().chooseFromMenu(/^1[0-9a-f]{12}/, 'Pull');
    await vscode.notifications.waitFor(/dev\/app:1 is in the container engine already: nothing was downloaded/);
    assert.ok(gitea.requests.every(({ path }) => !path.includes(image.layer.digest)));
  });

  test('a tag of a build of one’s own is moved only after a question that names both images', async () => {
    const built = await loadImage(engine, { tags: [`${gitea.host}/dev/app:1`], layers: [{ 'built/here': 'x' }] });
    const move = vscode.page.locator('.monaco-dialog-box').filter({ hasText: `Move the tag ${gitea.host}/dev/app:1` });
    await registries().chooseFromMenu(/^1[0-9a-f]{12}/, 'Pull');
    await move.waitFor();
    const text = await move.innerText();
    assert.ok(text.includes(built.id.slice(7, 19)) && text.includes(image.manifest.digest.slice(7, 19)), text);
    await vscode.screenshot('pull-move-tag-dark');
    await move.locator('.monaco-button').filter({ hasText: 'Cancel' }).click();
    await move.waitFor({ state: 'detached' });
    const { stdout } = await engine.docker(['image', 'inspect', '--format', '{{.Id}}', `${gitea.host}/dev/app:1`]);
    assert.equal(stdout.trim(), built.id);
  });

  test('an index without the engine’s platform is asked about', async () => {
    await registries().expand(/^foreign/);
    await registries()
      .row(/2 platforms/)
      .click();
    await registries().chooseFromMenu(/2 platforms/, 'Pull');
    await vscode.quickInput.waitFor('Pull Image');
    await vscode.screenshot('pull-platform-dark');
    await vscode.quickInput.pick('linux/arm64');
    await vscode.notifications.waitFor(/Pulled .*\/dev\/foreign:1 in /);
    const inspect = ['image', 'inspect', '--format', '{{.Architecture}}', `${gitea.host}/dev/foreign:1`];
    assert.equal((await engine.docker(inspect)).stdout.trim(), 'arm64');
  });

  test('the command gives what it did, and rejects with code and stage', async () => {
    const reference = `${gitea.host}/dev/app:1`;
    const result = await vscode.host.executeCommand<Record<string, unknown>>('teaChest.pullImage', { reference });
    assert.deepEqual([result['reference'], result['digest']], [reference, image.manifest.digest]);
    const missing = { reference: `${gitea.host}/dev/app:none` };
    await assert.rejects(vscode.host.executeCommand('teaChest.pullImage', missing), (error) => {
      assert.ok(error instanceof RemoteError, String(error));
      assert.deepEqual([error.facts['code'], error.facts['stage']], ['manifestUnknown', 'pull']);
      return true;
    });
    const shown = await vscode.notifications.waitFor(/app:none failed/);
    assert.match(shown, /It may have been deleted meanwhile/);
  });
});

/** One layer of about 10 MB that cannot be compressed. */
async function makeImage(): Promise<{ blobs: Blobs; manifest: Described; layer: Described }> {
  const blobs = new Blobs();
  const tar = pack();
  tar.entry({ name: 'app/data' }, randomBytes(10_000_000));
  tar.finalize();
  const bytes = await buffer(tar);
  const layer = blobs.add(`${oci}.layer.v1.tar+gzip`, gzipSync(bytes, { level: 1 }));
  const config = { architecture: 'amd64', os: 'linux', rootfs: { type: 'layers', diff_ids: [digestOf(bytes)] } };
  const manifest = blobs.add(`${oci}.manifest.v1+json`, {
    ...{ schemaVersion: 2, mediaType: `${oci}.manifest.v1+json` },
    ...{ config: blobs.add(`${oci}.config.v1+json`, config), layers: [layer] },
  });
  return { blobs, manifest, layer };
}
