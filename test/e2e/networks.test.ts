import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, beforeEach, suite, test, type TestContext } from 'node:test';

import type { PushResult } from '../../src/core/push/pushEvents.ts';
import type { RequestRecord } from '../fakeGitea/http/requestLog.ts';
import { startFakeGitea, type FakeGitea } from '../fakeGitea/fakeGitea.ts';
import { checkPushed } from '../tools/checkPushed.ts';
import { startPrivateEngine, type Engine } from '../tools/engine.ts';
import { canNameHosts } from '../tools/hostNames.ts';
import { buildImage, type BuiltImage } from '../tools/images.ts';
import { startNewEngine } from '../tools/newEngine.ts';
import { startRecorder, type Recorder } from '../tools/recorder.ts';
import { startProxy } from '../unit/registry/http/proxyServer.ts';
import { openVscode, type VscodeWindow } from './harness/openVscode.ts';

const dev = { username: 'dev', secret: 'dev pässword: with everything' };

/** Not localhost or 127.0.0.1: VS Code excludes those from its proxy support. */
const elsewhere = '127.0.0.2';
const registryName = canNameHosts() ? 'gitea.test' : elsewhere;

const named = canNameHosts() ? { hosts: { [registryName]: elsewhere } } : {};

/** VS Code's default comes last: its effect shows that a running window follows the setting. */
const proxySupports = ['off', 'on', 'fallback', 'override'] as const;

/** The kinds of request that a push can make, and how to recognize each in the log. */
const requestKinds: Readonly<Record<string, (record: RequestRecord) => boolean>> = {
  token: ({ method, path }) => method === 'GET' && path.startsWith('/v2/token'),
  mount: ({ method, path }) => method === 'POST' && path.includes('mount='),
  session: ({ method, path, status }) => method === 'POST' && path.includes('/blobs/uploads/') && status === 202,
  'whole blob': ({ method, path, status }) => method === 'POST' && path.includes('digest=') && status === 201,
  chunk: ({ method }) => method === 'PATCH',
  'end of a session': ({ method, path }) => method === 'PUT' && path.includes('/blobs/uploads/'),
  'existence of a blob': ({ method, path }) => method === 'HEAD' && path.includes('/blobs/'),
  manifest: ({ method, path }) => method === 'PUT' && path.includes('/manifests/'),
  'look at a tag': ({ method, path }) => method === 'HEAD' && path.includes('/manifests/'),
};

function kindsOf(records: readonly RequestRecord[]): string[] {
  return Object.entries(requestKinds).flatMap(([kind, is]) => (records.some(is) ? [kind] : []));
}

/** Registries and engines at hosts to which VS Code's proxy support applies. Each connection is recorded. */
suite('other hosts', { timeout: 900_000 }, () => {
  let classic: Engine;
  let containerd: Engine;
  let puller: Engine;
  let gitea: FakeGitea;
  let registry: Recorder;
  let vscode: VscodeWindow;

  before(async () => {
    [classic, puller, containerd, gitea] = await Promise.all([
      startPrivateEngine(),
      startPrivateEngine(),
      startNewEngine({ containerdStore: true }),
      startFakeGitea({ tls: 'valid' }),
    ]);
    registry = await startRecorder({ to: gitea.host, tls: true, address: elsewhere, name: registryName });
    registry.marks.markSecret(dev.secret, dev.username);
    vscode = await openVscode({ env: { DOCKER_HOST: classic.host }, ...named });
  });

  after(async () => {
    await vscode.close();
    await registry.close();
    await Promise.all([classic.stop(), containerd.stop(), puller.stop(), gitea.close()]);
  });

  const push = (argument: Record<string, unknown>, { host } = vscode): Promise<PushResult> =>
    host.executeCommand('teaChest.pushImage', argument);
  const signIn = (url = `https://${registry.host}`, { host } = vscode): Promise<unknown> =>
    host.executeCommand('teaChest.signIn', { url, ...dev, trustFingerprint: gitea.fingerprint256 });

  /** An image with new layers, whose bytes would be recognized in the recording. */
  async function freshImage(engine: Engine, tag: string, layers: readonly Buffer[]): Promise<BuiltImage> {
    for (const [index, content] of layers.entries()) registry.marks.markContent(`Layer ${index} of ${tag}`, content);
    return buildImage(engine, { tags: [tag], layers: layers.map((data) => ({ files: { 'app/data': data } })) });
  }

  /** Pushes through the recorder, and compares the registry's image with the engine's. */
  async function pushAndCheck(
    built: BuiltImage,
    argument: { readonly image: string; readonly strategy: string },
    way: { readonly recorder?: Recorder; readonly to?: string; readonly window?: VscodeWindow } = {},
  ): Promise<PushResult> {
    const { recorder = registry, to = recorder.host, window } = way;
    const path = `dev/${argument.image}`;
    const result = await recorder.watch(push({ ...argument, target: `${to}/${path}` }, window));
    await checkPushed({ reference: `${gitea.host}/${path}`, result, built, credentials: dev, puller });
    return result;
  }

  /** Checks the recording of a push. */
  function allIsEncrypted(): void {
    registry.assertAllTls();
    registry.assertNothingInTheClear();
  }

  for (const proxySupport of proxySupports) {
    suite(`http.proxySupport = ${proxySupport}`, () => {
      const name = (of: string): string => `${of}-${proxySupport}`;
      const base = randomBytes(3_000_000);
      const change = randomBytes(300_000);

      before(async () => {
        await vscode.host.configure('http.proxySupport', proxySupport);
        gitea.clearRequests();
      });

      beforeEach(() => {
        registry.clear();
      });

      after(async () => {
        await vscode.host.configure('http.proxySupport', undefined);
      });

      test('sign-in and a push by export begin every connection with TLS', async () => {
        await registry.watch(signIn());
        const built = await freshImage(classic, name('exported'), [base, change]);
        const result = await pushAndCheck(built, { image: name('exported'), strategy: 'export' });
        assert.equal(result.strategy, 'export');
        allIsEncrypted();
      });

      test('a changed image that a classic engine pushes through the relay begins every connection with TLS', async () => {
        const built = await freshImage(classic, name('relayed'), [base, randomBytes(2_000_000)]);
        const result = await pushAndCheck(built, { image: name('relayed'), strategy: 'relay' });
        assert.equal(result.strategy, 'relay');
        allIsEncrypted();
      });

      test('what containerd’s store has goes through the relay, and every connection begins with TLS', async () => {
        await vscode.host.configure('teaChest.engine.host', containerd.host);
        try {
          const built = await freshImage(containerd, name('stored'), [randomBytes(2_000_000), change]);
          const result = await pushAndCheck(built, { image: name('stored'), strategy: 'relay' });
          assert.equal(result.strategy, 'relay');
          allIsEncrypted();
        } finally {
          await vscode.host.configure('teaChest.engine.host', undefined);
        }
      });

      test('each kind of request was among them', () => {
        assert.deepEqual(kindsOf(gitea.requests), Object.keys(requestKinds));
      });
    });
  }

  test('a registry at an IPv6 address takes a push by export and by relay', async () => {
    const recorder = await startRecorder({ to: gitea.host, tls: true, address: '::1' });
    try {
      recorder.marks.markSecret(dev.secret, dev.username);
      const url = `https://${recorder.host}`;
      assert.match(url, /^https:\/\/\[::1\]:\d+$/);
      await recorder.watch(signIn(url));
      for (const strategy of ['export', 'relay']) {
        const image = `six-${strategy}`;
        const built = await freshImage(classic, image, [randomBytes(1_000_000)]);
        const result = await pushAndCheck(built, { image, strategy }, { recorder });
        assert.equal(result.strategy, strategy);
      }
      recorder.assertAllTls();
      recorder.assertNothingInTheClear();
    } finally {
      await recorder.close();
    }
  });

  suite('a proxy', () => {
    const user = 'pat:pr0xy pässword';
    const proxyUser = user.split(':').map(encodeURIComponent).join(':');
    /** Only the proxy resolves this host. */
    let hidden: string;

    before(() => {
      hidden = `behind.test:${new URL(gitea.origin).port}`;
    });

    /** A proxy at an address that VS Code does not treat specially. */
    async function recordedProxy(t: TestContext, options: { readonly user?: string } = {}) {
      const proxy = await startProxy(t, options);
      const recorder = await startRecorder({ to: proxy.url, tls: false, address: elsewhere });
      t.after(() => recorder.close());
      recorder.marks.markSecret(dev.secret, dev.username);
      return { recorder, log: proxy.log };
    }

    /** Sign-in and pushes use only encrypted tunnels through the proxy. */
    async function isTunnelled(
      { recorder, log }: Awaited<ReturnType<typeof recordedProxy>>,
      { name, window = vscode }: { readonly name: string; readonly window?: VscodeWindow },
    ): Promise<void> {
      await recorder.watch(signIn(`https://${hidden}`, window));
      for (const strategy of ['export', 'relay']) {
        const image = `tunnelled-${strategy}-${name}`;
        const content = randomBytes(1_000_000);
        recorder.marks.markContent(image, content);
        const built = await freshImage(classic, image, [content]);
        const result = await pushAndCheck(built, { image, strategy }, { recorder, to: hidden, window });
        assert.equal(result.strategy, strategy);
      }
      recorder.assertNothingInTheClear();
      // VS Code itself uses the environment's proxy as well.
      const ours = log.filter((line) => line.includes('behind.test'));
      assert.deepEqual([...new Set(ours)], [`CONNECT ${hidden}`]);
      for (const { begins } of recorder.connections) assert.match(begins, /^"CONNECT /);
    }

    /** A host on the bypass list is reached directly. */
    async function isPassedBy(log: readonly string[], image: string, window = vscode): Promise<void> {
      registry.clear();
      await registry.watch(signIn(undefined, window));
      const built = await freshImage(classic, image, [randomBytes(1_000_000)]);
      await pushAndCheck(built, { image, strategy: 'export' }, { window });
      assert.deepEqual(
        log.filter((line) => line.includes(registry.host)),
        [],
      );
      allIsEncrypted();
    }

    suite('that VS Code’s settings name', () => {
      after(async () => {
        for (const setting of ['http.proxy', 'http.noProxy']) await vscode.host.configure(setting, undefined);
      });

      test('tunnels sign-in and pushes, without a password', async (t) => {
        const proxy = await recordedProxy(t);
        await vscode.host.configure('http.proxy', `http://${proxy.recorder.host}`);
        await isTunnelled(proxy, { name: 'open' });
        await vscode.host.executeCommand('teaChest.signOut', { url: `https://${hidden}` });
      });

      test('tunnels sign-in and pushes, with a password', async (t) => {
        const proxy = await recordedProxy(t, { user });
        await vscode.host.configure('http.proxy', `http://${proxyUser}@${proxy.recorder.host}`);
        await isTunnelled(proxy, { name: 'asked' });
        await vscode.host.executeCommand('teaChest.signOut', { url: `https://${hidden}` });
      });

      test('is left alone for hosts that http.noProxy names', async (t) => {
        const { recorder, log } = await recordedProxy(t);
        await vscode.host.configure('http.proxy', `http://${recorder.host}`);
        await vscode.host.configure('http.noProxy', [registryName]);
        await isPassedBy(log, 'direct');
      });
    });

    test('that the environment names tunnels sign-in and pushes, but not for hosts in NO_PROXY', async (t) => {
      const proxy = await recordedProxy(t, { user });
      const window = await openVscode({
        env: {
          DOCKER_HOST: classic.host,
          // As from a terminal: otherwise VS Code uses the environment of a login shell.
          VSCODE_CLI: '1',
          HTTPS_PROXY: `http://${proxyUser}@${proxy.recorder.host}`,
          NO_PROXY: `other.test,${registryName}`,
          // The machine's own.
          ...{ https_proxy: '', no_proxy: '' },
        },
        ...named,
      });
      t.after(() => window.close());
      await isTunnelled(proxy, { name: 'by-environment', window });
      await isPassedBy(proxy.log, 'direct-by-environment', window);
    });
  });
});
