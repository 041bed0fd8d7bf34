import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { after, before, suite, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

import type { PushResult } from '../../src/core/push/pushEvents.ts';
import type { ListedImage } from '../../src/host/commands/listImages.ts';
import type { SignedIn } from '../../src/host/commands/signIn.ts';
import { textReply } from '../fakeGitea/http/reply.ts';
import { startFakeGitea, type FakeGitea } from '../fakeGitea/fakeGitea.ts';
import { checkPushed } from '../tools/checkPushed.ts';
import { startPrivateEngine, type Engine } from '../tools/engine.ts';
import { buildImage, sizes, type BuiltImage, type Layer } from '../tools/images.ts';
import type { CopiedImage, Credentials } from '../tools/verifyPull.ts';
import { startRegistry, type Registry } from '../tools/registry.ts';
import { makeScratch, type Scratch } from '../tools/scratch.ts';
import { RemoteError } from './harness/agentServer.ts';
import { startExtensionHost, type RunningExtensionHost } from './harness/extensionHost.ts';

const dev = { username: 'dev', secret: 'dev pässword: with everything' };
const bob = { username: 'bob', secret: 'bob: 100% sicher, wörtlich' };

/** The contract of docs/automation.md, by the commands of a real VS Code, a real engine and real registries. */
suite('automation', { timeout: 600_000 }, () => {
  let engine: Engine;
  let puller: Engine;
  let gitea: FakeGitea;
  let registry: Registry;
  let spool: Scratch;
  let vscode: RunningExtensionHost;
  let image: BuiltImage;

  before(async () => {
    [engine, puller, gitea, registry, spool] = await Promise.all([
      startPrivateEngine(),
      startPrivateEngine(),
      startFakeGitea({ tls: 'valid' }),
      startRegistry({ user: { name: bob.username, password: bob.secret } }),
      makeScratch('spool'),
    ]);
    const opening = startExtensionHost({
      env: { DOCKER_HOST: engine.host },
      settings: { 'teaChest.spool.folder': spool.path },
    });
    image = await buildImage(engine, { tags: ['app:1', 'app:stable'], layers: sizes.medium });
    vscode = await opening;
  });

  after(async () => {
    const ended = await vscode.stop();
    assert.equal(ended.exitCode, 0, ended.output);
    await Promise.all([engine.stop(), puller.stop(), gitea.close(), registry.stop(), spool.remove()]);
  });

  const signIn = (argument: Record<string, unknown>): Promise<SignedIn> =>
    vscode.executeCommand('teaChest.signIn', argument);
  const push = (argument: Record<string, unknown>): Promise<PushResult> =>
    vscode.executeCommand('teaChest.pushImage', argument);
  const trusted = (): Record<string, unknown> => ({ url: gitea.url, ...dev, trustFingerprint: gitea.fingerprint256 });

  async function rejects(work: Promise<unknown>, code: string, stage: string, pattern: RegExp): Promise<void> {
    await assert.rejects(work, (error) => {
      assert.ok(error instanceof RemoteError, String(error));
      assert.deepEqual({ code: error.facts['code'], stage: error.facts['stage'] }, { code, stage }, error.message);
      assert.match(error.message, pattern);
      for (const { secret } of [dev, bob]) assert.ok(!error.message.includes(secret), 'no secret is in the message');
      return true;
    });
  }

  const checkInRegistry = (
    reference: string,
    result: PushResult,
    credentials?: Credentials,
    built = image,
  ): Promise<CopiedImage> =>
    checkPushed({ reference, result, built, puller, ...(credentials === undefined ? {} : { credentials }) });

  async function nothingIsLeft(): Promise<void> {
    assert.deepEqual(await readdir(spool.path, { recursive: true }), [], 'the spool is empty');
    assert.deepEqual(gitea.openSessions(), [], 'no upload session is open');
  }

  suite('signIn', () => {
    test('refuses a password that the registry does not know', async () => {
      const work = signIn({ ...trusted(), secret: 'wrong' });
      await rejects(work, 'credentialsRejected', 'signIn', /does not accept this user name/);
    });

    test('refuses a self-signed certificate, unless its fingerprint is given', async () => {
      const work = signIn({ url: gitea.url, ...dev });
      await rejects(work, 'certificateUntrusted', 'signIn', /self-signed/);
    });

    test('refuses a certificate with another fingerprint than the one that is trusted', async () => {
      const work = signIn({ ...trusted(), trustFingerprint: 'ab'.repeat(32) });
      await rejects(work, 'certificateChanged', 'signIn', /another certificate/);
    });

    test('refuses plain http that is not allowed by name', async () => {
      await rejects(signIn({ url: registry.origin, ...bob }), 'plainHttp', 'signIn', /http/);
    });

    test('says that nobody listens at an address', async () => {
      const work = signIn({ url: 'https://127.0.0.1:9', ...dev });
      await rejects(work, 'registryUnreachable', 'signIn', /127\.0\.0\.1:9/);
    });

    test('refuses an argument it does not know, before anything happens', async () => {
      gitea.clearRequests();
      await rejects(signIn({ ...trusted(), passwort: 'x' }), 'argumentInvalid', 'signIn', /passwort/);
      assert.equal(gitea.requests.length, 0);
    });

    test('signs in to Gitea by password, with its certificate trusted by fingerprint', async () => {
      assert.deepEqual(await signIn(trusted()), { origin: gitea.origin, username: 'dev' });
    });

    test('signs in to a plain registry that asks by HTTP Basic', async () => {
      const signedIn = await signIn({ url: registry.origin, ...bob, allowHttp: true });
      assert.deepEqual(signedIn, { origin: registry.origin, username: 'bob' });
    });
  });

  test('listImages says what the engine has', async () => {
    const images = await vscode.executeCommand<ListedImage[]>('teaChest.listImages');
    const format = ['image', 'ls', '--no-trunc', '--format', '{{.ID}} {{.Repository}}:{{.Tag}}'];
    const expected = (await engine.docker(format)).stdout.split('\n').filter((line) => line !== '');
    const listed = images.flatMap(({ id, references }) => references.map((reference) => `${id} ${reference}`));
    assert.deepEqual(listed.sort(), expected.sort());
    const [app] = images.filter(({ references }) => references.includes('app:1'));
    assert.deepEqual(
      { id: app?.id, size: app?.size, platform: app?.platform },
      { id: image.id, size: image.size, platform: 'linux/amd64' },
    );
  });

  suite('pushImage', () => {
    test('puts an image into Gitea, where docker pull and skopeo find it bit for bit', async () => {
      const target = `${gitea.host}/dev/app:1`;
      const pushed = await push({ image: 'app:1', target });
      assert.equal(pushed.reference, target);
      const copy = await checkInRegistry(target, pushed, dev);
      const stored = copy.layers.reduce((total, layer) => total + layer.size, copy.config.size);
      assert.equal(pushed.uploadedBytes, stored, 'what was sent is what is stored');
      assert.equal(pushed.strategy, 'export');
      await nothingIsLeft();
    });

    test('sends nothing if nothing has changed', async () => {
      const before = gitea.bytesReceived;
      const target = `${gitea.host}/dev/app:1`;
      const pushed = await push({ image: 'app:1', target });
      assert.deepEqual(
        { uploaded: pushed.uploadedBytes, strategy: pushed.strategy },
        { uploaded: 0, strategy: 'none' },
      );
      assert.equal(gitea.bytesReceived, before);
      await checkInRegistry(target, pushed, dev);
    });

    test('lower-cases the owner as Gitea does, and mounts what another repository has', async () => {
      const pushed = await push({ image: 'app:1', target: `${gitea.host}/TEAM/app:other` });
      assert.equal(pushed.reference, `${gitea.host}/team/app:other`);
      assert.ok(pushed.mountedBytes > 1_000_000, `${pushed.mountedBytes} bytes mounted`);
      await checkInRegistry(pushed.reference, pushed, dev);
      await nothingIsLeft();
    });

    for (const compression of ['gzip', 'none']) {
      test(`puts an image into docker-registry, compressed by ${compression}`, async () => {
        const target = `${registry.host}/bob/${compression}:latest`;
        const pushed = await push({ image: 'app:1', target, compression });
        const copy = await checkInRegistry(target, pushed, bob);
        const types = new Set(copy.layers.map((layer) => layer.mediaType.endsWith('gzip')));
        assert.deepEqual([...types], [compression === 'gzip']);
      });
    }

    test('accepts an image by its ID', async () => {
      const target = `${registry.host}/bob/by-id:1`;
      const pushed = await push({ image: image.id, target });
      await checkInRegistry(target, pushed, bob);
    });

    test('rejects an image that the engine does not have', async () => {
      const work = push({ image: 'nothing:here', target: `${gitea.host}/dev/nothing:1` });
      await rejects(work, 'imageNotFound', 'inspect', /nothing:here/);
    });

    test('rejects a name that Gitea refuses, before bytes move', async () => {
      const before = gitea.bytesReceived;
      const work = push({ image: 'app:1', target: `${gitea.host}/dev/a__b:1` });
      await rejects(work, 'nameInvalid', 'resolve', /a__b/);
      assert.equal(gitea.bytesReceived, before);
    });

    test('rejects an owner that does not exist', async () => {
      const work = push({ image: 'app:1', target: `${gitea.host}/nobody-of-that-name/app:1` });
      await rejects(work, 'ownerNotFound', 'plan', /nobody-of-that-name/);
    });

    test('rejects an owner where this user may not write', async () => {
      const work = push({ image: 'app:1', target: `${gitea.host}/readers/app:1` });
      await rejects(work, 'accessDenied', 'plan', /readers/);
    });

    test('rejects a registry that nobody is signed in to', async () => {
      await rejects(
        push({ image: 'app:1', target: '127.0.0.1:9/dev/app:1' }),
        'notSignedIn',
        'resolve',
        /127\.0\.0\.1:9/,
      );
    });

    test('rejects a value of the wrong type', async () => {
      const work = push({ image: 'app:1', target: `${gitea.host}/dev/app:1`, compression: 'bzip2' });
      await rejects(work, 'argumentInvalid', 'resolve', /compression/);
    });

    test('rejects with the registry’s own message when it fails for good, and leaves nothing behind', async () => {
      const fault = gitea.faults.add({
        method: 'PUT',
        path: /\/manifests\//,
        times: Infinity,
        action: { kind: 'answer', reply: textReply(403, 'quota exceeded, says the test') },
      });
      const work = push({ image: 'app:1', target: `${gitea.host}/dev/refused:1` });
      await assert.rejects(work, (error) => {
        assert.ok(error instanceof RemoteError);
        assert.equal(error.facts['stage'], 'manifest');
        assert.match(error.message, /quota exceeded, says the test/);
        return true;
      });
      assert.ok(fault.strikes > 0);
      fault.remove();
      assert.deepEqual(gitea.tags('dev', 'refused'), []);
      await nothingIsLeft();
    });
  });

  suite('pushed by the engine', () => {
    const base: Layer = { megabytes: 120 };
    const version = (text: string): Layer => ({ files: { 'app/version': text.repeat(5_000) } });
    const names = async (): Promise<string> => (await engine.docker(['image', 'ls', '--all', '--digests'])).stdout;

    /** In idle time the engine pushes to us under a temporary name. */
    const isTaught = async (): Promise<void> => {
      const end = Date.now() + 60_000;
      for (const isThere of [true, false]) {
        while ((await names()).includes('tea-chest') !== isThere) {
          assert.ok(Date.now() < end, `the temporary name should have ${isThere ? 'come' : 'gone'}`);
          await sleep(20);
        }
      }
    };

    test('after an export only the changed layer is sent, once the engine was primed in idle time', async () => {
      const built = await buildImage(engine, { tags: ['svc:1'], layers: [base, version('first')] });
      const changed = await buildImage(engine, { tags: ['svc:2'], layers: [base, version('second')] });
      for (const { host, credentials } of [
        { host: `${registry.host}/bob`, credentials: bob },
        { host: `${gitea.host}/dev`, credentials: dev },
      ]) {
        const first = await push({ image: 'svc:1', target: `${host}/svc:1` });
        // The digests that the engine has now are valid for all registries.
        if (credentials === bob) await isTaught();
        await checkInRegistry(`${host}/svc:1`, first, credentials, built);
        const second = await push({ image: 'svc:2', target: `${host}/svc:2` });
        assert.deepEqual([first.strategy, second.strategy], ['export', 'relay']);
        assert.ok(second.uploadedBytes < 10_000, `${second.uploadedBytes} bytes were sent`);
        await checkInRegistry(`${host}/svc:2`, second, credentials, changed);
      }
      assert.doesNotMatch(await names(), /tea-chest/);
      await nothingIsLeft();
    });

    test('an image is pushed by the relay, which listens for no longer than the push', async () => {
      const built = await buildImage(engine, { tags: ['whole:1'], layers: [{ megabytes: 60 }, version('whole')] });
      const target = `${gitea.host}/dev/whole:1`;
      const pushing = push({ image: 'whole:1', target, strategy: 'relay' });
      let port: number | undefined;
      const watching = (async () => {
        while (port === undefined && (await Promise.race([pushing, sleep(20, 'pushing')])) === 'pushing') {
          const [, digits] = /127\.0\.0\.1:(\d+)\/tea-chest\//.exec(await names()) ?? [];
          if (digits !== undefined) port = Number(digits);
        }
        return await vscode.executeCommand<ListedImage[]>('teaChest.listImages');
      })();
      const [pushed, listed] = await Promise.all([pushing, watching]);
      assert.equal(pushed.strategy, 'relay');
      assert.ok(port !== undefined, 'the engine had the temporary name while it pushed');
      assert.doesNotMatch(JSON.stringify(listed), /tea-chest/);
      await assert.rejects(fetch(`http://127.0.0.1:${port}/v2/`), ({ cause }: Error) => {
        assert.equal((cause as NodeJS.ErrnoException).code, 'ECONNREFUSED');
        return true;
      });
      await checkInRegistry(target, pushed, dev, built);
      assert.doesNotMatch(await names(), /tea-chest/);
      await nothingIsLeft();
    });

    test('a registry that refuses is reported with its own message, and nothing is left of the relay', async () => {
      await buildImage(engine, { tags: ['refused:1'], layers: [{ megabytes: 5 }, version('refused')] });
      const fault = gitea.faults.add({
        method: 'PUT',
        path: /\/blobs\/uploads\//,
        times: Infinity,
        action: { kind: 'answer', reply: textReply(403, 'quota exceeded, says the test') },
      });
      const work = push({ image: 'refused:1', target: `${gitea.host}/dev/refused:2`, strategy: 'relay' });
      await assert.rejects(work, /quota exceeded, says the test/);
      fault.remove();
      assert.ok(fault.strikes > 0);
      assert.doesNotMatch(await names(), /tea-chest/);
      await nothingIsLeft();
    });
  });

  test('the exported API does what the commands do', async () => {
    const images = await vscode.callApi<ListedImage[]>('listImages');
    assert.ok(images.some(({ id }) => id === image.id));
    const target = `${gitea.host}/dev/by-api:1`;
    const pushed = await vscode.callApi<PushResult>('pushImage', { image: 'app:1', target });
    await checkInRegistry(target, pushed, dev);
  });

  test('a registry without sign-in needs only its address', async () => {
    const open = await startRegistry();
    try {
      await rejects(signIn({ url: open.origin, ...bob }), 'plainHttp', 'signIn', /http/);
      const signedIn = await signIn({ url: open.origin, allowHttp: true });
      assert.deepEqual(signedIn, { origin: open.origin, username: '' });
      const target = `${open.host}/app:1`;
      await checkInRegistry(target, await push({ image: 'app:1', target }));
      await vscode.executeCommand('teaChest.signOut', { url: open.origin });
    } finally {
      await open.stop();
    }
  });

  test('a token needs no user name; Gitea gives it if the token has the scope', async () => {
    const { url, trustFingerprint } = trusted();
    const secret = gitea.createToken('dev', ['write:package', 'read:user']);
    assert.deepEqual(await signIn({ url, trustFingerprint, secret, username: 'whoever' }), {
      origin: gitea.origin,
      username: 'dev',
    });
    await vscode.executeCommand('teaChest.signOut', { url: gitea.url });
    assert.deepEqual(await signIn({ url, trustFingerprint, secret }), { origin: gitea.origin, username: 'dev' });
    const target = `${gitea.host}/dev/by-token:1`;
    await checkInRegistry(target, await push({ image: 'app:1', target }), dev);
  });

  test('signOut removes the registry', async () => {
    await vscode.executeCommand('teaChest.signOut', { url: gitea.url });
    await rejects(push({ image: 'app:1', target: `${gitea.host}/dev/app:2` }), 'notSignedIn', 'resolve', /sign/i);
    // Nor is the certificate trusted any longer.
    await rejects(signIn({ url: gitea.url, ...dev }), 'certificateUntrusted', 'signIn', /certificate/);
  });
});
