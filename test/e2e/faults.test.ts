import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { after, afterEach, before, suite, test } from 'node:test';

import { TeaChestError, type ErrorCode, type Stage } from '../../src/core/base/errors.ts';
import type { PushResult } from '../../src/core/push/pushEvents.ts';
import { isTemporaryName } from '../../src/core/relay/temporaryTag.ts';
import { startFakeGitea, type FakeGitea } from '../fakeGitea/fakeGitea.ts';
import { makeCertificate } from '../fakeGitea/tls/certificate.ts';
import { assertClear } from '../faults/clearError.ts';
import { quickFaults, type FaultAction } from '../faults/faultList.ts';
import { FaultyProxy, readAll } from '../faults/faultyProxy.ts';
import { requestKindOf, type RequestKind } from '../faults/requestKinds.ts';
import { checkPushed } from '../tools/checkPushed.ts';
import { startPrivateEngine, type Engine } from '../tools/engine.ts';
import { buildImage, type BuiltImage } from '../tools/images.ts';
import { makeScratch, type Scratch } from '../tools/scratch.ts';
import { RemoteError } from './harness/agentServer.ts';
import { startExtensionHost, type RunningExtensionHost } from './harness/extensionHost.ts';

const dev = { username: 'dev', secret: 'dev pässword: with everything' };

/** Not localhost or 127.0.0.1: VS Code excludes those from its proxy support. */
const elsewhere = '127.0.0.2';

type Strategy = 'export' | 'relay';

interface Cell {
  readonly strategy: Strategy;
  readonly kind: RequestKind;
  readonly fault: string;
}

/** One transient fault for each kind of request of a push. */
const transient: readonly Cell[] = [
  { strategy: 'export', kind: 'token', fault: '503 HTML' },
  { strategy: 'export', kind: 'HEAD blob', fault: '401 expired' },
  { strategy: 'export', kind: 'POST mount', fault: '101' },
  { strategy: 'export', kind: 'POST session', fault: '429 Retry-After 1' },
  { strategy: 'export', kind: 'POST blob', fault: 'reset before the body' },
  { strategy: 'export', kind: 'PATCH', fault: 'reset after the body' },
  { strategy: 'export', kind: 'PATCH', fault: '401 expired' },
  { strategy: 'export', kind: 'PUT blob', fault: 'answer lost after it was done' },
  { strategy: 'export', kind: 'PUT manifest', fault: '502 HTML' },
  { strategy: 'export', kind: 'PUT manifest', fault: 'answer lost after it was done' },
  { strategy: 'export', kind: 'HEAD tag', fault: 'reset after the body' },
  { strategy: 'export', kind: 'GET', fault: '502 HTML' },
  { strategy: 'export', kind: 'DELETE session', fault: '503 HTML' },
  { strategy: 'relay', kind: 'token', fault: 'reset after the body' },
  { strategy: 'relay', kind: 'HEAD blob', fault: '502 HTML' },
  { strategy: 'relay', kind: 'PATCH', fault: 'reset before the body' },
  { strategy: 'relay', kind: 'PUT blob', fault: '503 HTML' },
  { strategy: 'relay', kind: 'PUT manifest', fault: 'reset after the body' },
];

const actions: Readonly<Record<string, FaultAction>> = {
  ...Object.fromEntries(quickFaults.map(({ name, action }) => [name, action])),
  '429 Retry-After 1': async ({ request, response }) => {
    await readAll(request);
    response.writeHead(429, { 'retry-after': '1', 'content-type': 'text/plain' }).end('Too Many Requests\n');
  },
};

function actionOf(fault: string): FaultAction {
  const action = actions[fault];
  if (action === undefined) throw new Error(`there is no fault “${fault}”`);
  return action;
}

/** A part of the fault matrix (test/faults) with VS Code's own sockets, a real engine and the commands. */
suite('faults of a registry', { timeout: 600_000 }, () => {
  let engine: Engine;
  let puller: Engine;
  let gitea: FakeGitea;
  let proxy: FaultyProxy;
  let spool: Scratch;
  let vscode: RunningExtensionHost;
  const asked = new Set<RequestKind>();
  /** A layer of every image. Another repository has it, so that a push mounts it. */
  const base = randomBytes(1_000_000);

  before(async () => {
    [engine, puller, gitea, spool] = await Promise.all([
      startPrivateEngine(),
      startPrivateEngine(),
      startFakeGitea(),
      makeScratch('spool'),
    ]);
    // It terminates TLS, and only the proxy reaches Gitea by plain http.
    const certificate = makeCertificate('valid');
    proxy = await FaultyProxy.start(new URL(gitea.origin), certificate, 'http://127.0.0.1:1', elsewhere);
    vscode = await startExtensionHost({
      env: { DOCKER_HOST: engine.host },
      settings: { 'teaChest.spool.folder': spool.path },
    });
    await vscode.configure('http.proxySupport', 'override');
    const trusted = { url: proxy.origin, ...dev, trustFingerprint: certificate.fingerprint256 };
    await vscode.executeCommand('teaChest.signIn', trusted);
    await buildImage(engine, { tags: ['base:1'], layers: [{ files: { 'app/base': base } }] });
    await push('base:1', 'dev/base:1', 'export');
  });

  after(async () => {
    const ended = await vscode.stop();
    assert.equal(ended.exitCode, 0, ended.output);
    await proxy.close();
    await Promise.all([engine.stop(), puller.stop(), gitea.close(), spool.remove()]);
  });

  afterEach(async () => {
    for (const kind of proxy.seen.keys()) asked.add(kind);
    await proxy.arm(undefined);
  });

  const push = (image: string, path: string, strategy: Strategy): Promise<PushResult> =>
    vscode.executeCommand('teaChest.pushImage', { image, target: `${proxy.host}/${path}`, strategy });

  /** An image with a layer that no registry has. */
  const freshImage = (tag: string): Promise<BuiltImage> =>
    buildImage(engine, {
      tags: [tag],
      layers: [{ files: { 'app/base': base } }, { files: { 'app/data': randomBytes(2_000_000) } }],
    });

  const stored = (path: string): string => `${gitea.host}/${path}`;

  async function assertNothingLeft(): Promise<void> {
    assert.deepEqual(gitea.openSessions(), [], 'no upload session is open');
    assert.deepEqual(await readdir(spool.path, { recursive: true }), [], 'the spool is empty');
    const { stdout } = await engine.docker(['image', 'ls', '--all', '--format', '{{.Repository}}:{{.Tag}}']);
    assert.deepEqual(stdout.split('\n').filter(isTemporaryName), [], 'no temporary name is left');
  }

  for (const [index, { strategy, kind, fault }] of transient.entries()) {
    test(`${kind}: ${fault}, once: the image arrives by ${strategy}`, async () => {
      const image = `transient-${index}:1`;
      const path = `dev/${image}`;
      const built = await freshImage(image);
      // A token is used for many pushes.
      if (kind === 'token') gitea.expireTokens();
      await proxy.arm({ kinds: [kind], action: actionOf(fault), times: 1 });
      const result = await push(image, path, strategy);
      assert.equal(proxy.strikes, 1, `the fault struck; these were asked: ${[...proxy.seen.keys()].join(', ')}`);
      assert.equal(result.strategy, strategy);
      await assertNothingLeft();
      await checkPushed({ reference: stored(path), result, built, credentials: dev, puller });
    });
  }

  test('each kind of request that these pushes made was met by a fault', () => {
    assert.deepEqual([...asked].sort(), [...new Set(transient.map(({ kind }) => kind))].sort());
  });

  interface LastingFault {
    readonly kinds: readonly RequestKind[];
    readonly fault: string;
    readonly code: ErrorCode;
    readonly stage: Stage;
    /** What the message says. */
    readonly pattern: RegExp;
  }

  const lasting: readonly LastingFault[] = [
    {
      ...{ kinds: ['PATCH', 'POST blob'], fault: '403 HTML', code: 'chunksRefused', stage: 'upload' },
      pattern: /refused to store a layer of dev\/kept-0 and answered 403: “403 Forbidden”/,
    },
    {
      ...{ kinds: ['PUT manifest'], fault: '500 empty', code: 'registryFailed', stage: 'manifest' },
      pattern: /failed to store the manifest dev\/kept-1:1 .*its log has the reason/,
    },
  ];

  for (const [index, { kinds, fault, code, stage, pattern }] of lasting.entries()) {
    test(`${kinds.join(' and ')}: ${fault}, always: an error says so, and the tag is what it was`, async () => {
      const [former, image] = [`former-${index}:1`, `lasting-${index}:1`];
      const path = `dev/kept-${index}:1`;
      const old = await freshImage(former);
      const result = await push(former, path, 'export');
      await freshImage(image);

      const struck = new Set<RequestKind | undefined>();
      const strike = actionOf(fault);
      await proxy.arm({
        kinds,
        times: Infinity,
        action: (at) => {
          struck.add(requestKindOf(at.request.method ?? '', at.request.url ?? ''));
          return strike(at);
        },
      });
      await assert.rejects(push(image, path, 'export'), (error) => {
        assert(error instanceof RemoteError, String(error));
        assert.deepEqual({ code: error.facts['code'], stage: error.facts['stage'] }, { code, stage }, error.message);
        assertClear(new TeaChestError(code, error.message, { stage }));
        assert.match(error.message, pattern);
        assertNoSecret(error);
        return true;
      });
      assert.deepEqual([...struck].sort(), [...kinds].sort(), 'the fault struck each of them');
      await assertNothingLeft();
      await checkPushed({ reference: stored(path), result, built: old, credentials: dev, puller });
    });
  }
});

/** Not in plain text, not encoded as in HTTP, and not as a token. */
function assertNoSecret({ message, facts, remoteStack }: RemoteError): void {
  const all = JSON.stringify({ message, facts, remoteStack });
  const secrets = [
    dev.secret,
    encodeURIComponent(dev.secret),
    Buffer.from(`${dev.username}:${dev.secret}`).toString('base64'),
  ];
  for (const secret of secrets) assert(!all.includes(secret), 'no secret is in the error');
  assert.doesNotMatch(all, /Bearer |Basic [A-Za-z0-9]|eyJ[A-Za-z0-9]/, 'no token is in the error');
}
