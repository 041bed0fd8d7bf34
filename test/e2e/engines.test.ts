import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, suite, test } from 'node:test';

import type { PushResult } from '../../src/core/push/pushEvents.ts';
import type { ListedImage } from '../../src/host/commands/listImages.ts';
import { startFakeGitea, type FakeGitea } from '../fakeGitea/fakeGitea.ts';
import { makeCertificateFolder } from '../tools/certificates.ts';
import { checkPushed } from '../tools/checkPushed.ts';
import { createCloser } from '../tools/closer.ts';
import { writeDockerContext } from '../tools/dockerContext.ts';
import { startPrivateEngine, type Engine } from '../tools/engine.ts';
import { freePort } from '../tools/freePort.ts';
import { canNameHosts } from '../tools/hostNames.ts';
import { buildImage, loadImages, type BuiltImage } from '../tools/images.ts';
import { startNewEngine } from '../tools/newEngine.ts';
import { pushByEngine } from '../tools/verifyPull.ts';
import { startRecorder, type Recorder } from '../tools/recorder.ts';
import { makeScratch } from '../tools/scratch.ts';
import { startSshServer, type SshServer } from '../tools/sshd.ts';
import { openVscode, type VscodeWindow } from './harness/openVscode.ts';

const dev = { username: 'dev', secret: 'dev pässword: with everything' };

/** Not localhost or 127.0.0.1: VS Code excludes those from its proxy support. */
const elsewhere = '127.0.0.2';
const engineName = canNameHosts() ? 'engine.test' : elsewhere;

const imageCount = 30;

/** Engines at other hosts, by TLS, tcp and ssh, in a real VS Code. */
suite('engines elsewhere', { timeout: 900_000 }, () => {
  const closer = createCloser();
  let classic: Engine;
  let containerd: Engine;
  let puller: Engine;
  let gitea: FakeGitea;
  let tcp: Recorder;
  let tls: Recorder;
  let ssh: SshServer;
  let vscode: VscodeWindow;
  let image: BuiltImage;

  before(async () => {
    const folder = await makeScratch('docker-config');
    closer.add(() => folder.remove());
    const certificates = await makeCertificateFolder(folder.path, [engineName, elsewhere]);
    const port = await freePort(elsewhere);
    [classic, puller, containerd, gitea, ssh] = await Promise.all([
      startPrivateEngine({ tls: { address: elsewhere, port, certificates } }),
      startPrivateEngine(),
      startNewEngine({ containerdStore: true }),
      startFakeGitea({ tls: 'valid' }),
      startSshServer(),
    ]);
    for (const each of [classic, puller, containerd, ssh]) closer.add(() => each.stop());
    closer.add(() => gitea.close());
    tcp = await startRecorder({ to: socketOf(classic), tls: false, address: elsewhere, name: engineName });
    tls = await startRecorder({ to: `${elsewhere}:${port}`, tls: true, address: elsewhere, name: engineName });
    for (const each of [tcp, tls]) closer.add(() => each.close());
    image = await buildImage(classic, { tags: ['app:1'], layers: [{ files: { 'app/data': randomBytes(500_000) } }] });
    const numbers = Array.from({ length: imageCount - 1 }, (_, index) => String(index + 1));
    await loadImages(
      classic,
      numbers.map((number) => ({ tags: [`tiny:${number}`], layers: [{ 'app/data': '1' }], labels: { number } })),
    );
    await writeDockerContext(folder.path, certificates.folder, `tcp://${tls.host}`);
    vscode = await openVscode({
      // As from a terminal: otherwise VS Code uses the PATH of a login shell.
      env: { DOCKER_HOST: '', DOCKER_CONTEXT: '', DOCKER_CONFIG: folder.path, PATH: ssh.path, VSCODE_CLI: '1' },
      ...(canNameHosts() ? { hosts: { [engineName]: elsewhere } } : {}),
    });
    closer.add(() => vscode.close());
    const { url, fingerprint256: trustFingerprint } = gitea;
    await vscode.host.executeCommand('teaChest.signIn', { url, ...dev, trustFingerprint });
  });

  after(() => closer.close());

  const push = (argument: Record<string, unknown>): Promise<PushResult> =>
    vscode.host.executeCommand('teaChest.pushImage', argument);

  /** Lists by the command, as the view does it, and pushes what was listed. */
  async function listAndPush(tag: string): Promise<void> {
    const images = await vscode.host.executeCommand<ListedImage[]>('teaChest.listImages');
    const references = images.flatMap((each) => each.references).sort();
    const numbers = Array.from({ length: imageCount - 1 }, (_, index) => `tiny:${index + 1}`);
    assert.deepEqual(references, ['app:1', ...numbers].sort());
    assert.ok(images.every(({ platform }) => platform === 'linux/amd64'));
    const reference = `${gitea.host}/dev/app:${tag}`;
    const result = await push({ image: 'app:1', target: reference });
    await checkPushed({ reference, result, built: image, credentials: dev, puller });
  }

  test('by TLS, with certificates of a docker context: few handshakes list and push', async () => {
    await listAndPush('by-tls');
    await vscode.sideBar.open('Tea Chest');
    await vscode.sideBar.view('Images').row('app').waitFor();
    tls.assertAllTls();
    assert.ok(tls.connections.length <= 10, `${tls.connections.length} connections for ${imageCount} images`);
  });

  test('by tcp: few connections list and push', async () => {
    await vscode.host.configure('teaChest.engine.host', `tcp://${tcp.host}`);
    await listAndPush('by-tcp');
    assert.ok(tcp.connections.length <= 10, `${tcp.connections.length} connections for ${imageCount} images`);
  });

  test('by ssh: two logins list all images, and a push needs few more', async () => {
    const before = ssh.connections.length;
    await vscode.host.configure('teaChest.engine.host', `ssh://${ssh.destination}${socketOf(classic)}`);
    await vscode.host.executeCommand<ListedImage[]>('teaChest.listImages');
    // One is for the calls, the other for the engine's events.
    const listed = ssh.connections.length - before;
    assert.ok(listed <= 2, `${listed} logins for ${imageCount} images`);
    await listAndPush('by-ssh');
    const all = ssh.connections.length - before;
    assert.ok(all <= 8, `${all} logins for a list and a push`);
  });

  test('what docker pushed and Tea Chest then pushes under another tag, exported from containerd’s store, is the image', async () => {
    // Plain http: docker requests a token from a registry whose certificate it trusts, or by http.
    const open = await startFakeGitea();
    try {
      await vscode.host.configure('teaChest.engine.host', containerd.host);
      await vscode.host.executeCommand('teaChest.signIn', { url: open.url, ...dev, allowHttp: true });
      const first = `${open.host}/dev/twice:1`;
      const built = await buildImage(containerd, {
        tags: [first],
        layers: [{ files: { 'app/data': randomBytes(500_000) } }, { files: { 'app/version': '1' } }],
      });
      await pushByEngine(containerd, first, dev);
      for (const reference of [`${open.host}/dev/twice:2`, `${open.host}/team/twice:1`]) {
        const result = await push({ image: first, target: reference, strategy: 'export' });
        await checkPushed({ reference, result, built, credentials: dev, puller });
      }
    } finally {
      await vscode.host.configure('teaChest.engine.host', undefined);
      await open.close();
    }
  });
});

const socketOf = ({ host }: Engine): string => host.replace('unix://', '');
