import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { TeaChestError, type ErrorCode } from '../../src/core/base/errors.ts';
import { DigestCache } from '../../src/core/digestCache/digestCache.ts';
import { makeCertificate } from '../fakeGitea/tls/certificate.ts';
import { startNginx, type NginxOptions } from '../tools/nginx.ts';
import { copyBySkopeo } from '../tools/verifyPull.ts';
import { makeScratch, type Scratch } from '../tools/scratch.ts';
import { silentLogger } from '../tools/silentLogger.ts';
import { dev } from '../unit/gitea/testClient.ts';
import { machine } from '../unit/push/relay/relayRig.ts';
import { startFakeGitea, type FakeGitea } from '../fakeGitea/fakeGitea.ts';
import { assertClear } from './clearError.ts';
import { pushOnce, type Attempt, type PushMode } from './onePush.ts';
import { readImage } from './readImage.ts';

const certificate = makeCertificate('valid');
const tls = { certificatePem: certificate.certificatePem, privateKeyPem: certificate.privateKeyPem };
const megabyte = 1024 * 1024;

interface Case {
  readonly nginx: NginxOptions;
  /** Bytes of the image's large layer. */
  readonly size?: number;
  readonly modes?: readonly PushMode[];
  /** Absent: the image arrives. */
  readonly error?: readonly ErrorCode[];
  /** The registry's address is that of the sign-in page. */
  readonly isAtSignInPage?: boolean;
  /** The registry takes so many milliseconds for one of these requests. */
  readonly delay?: { readonly method: string; readonly ms: number };
  /** The engine pauses in the middle of the layer. */
  readonly pauseMs?: number;
}

const cases: Readonly<Record<string, Case>> = {
  'a limit of 1 MB, bodies stored first': {
    nginx: { tls, bodyLimit: '1m', requestBuffering: true },
    size: 3 * megabyte,
  },
  'a limit of 1 MB, bodies passed on': { nginx: { tls, bodyLimit: '1m', requestBuffering: false }, size: 3 * megabyte },
  'a limit of 100 MB': { nginx: { tls, bodyLimit: '100m' }, size: 110 * megabyte, modes: ['relay, whole blobs'] },
  'a time-out while a blob is closed': { nginx: { tls, timeoutSeconds: 1 }, delay: { method: 'PUT', ms: 2500 } },
  'a time-out while a piece is sent': { nginx: { tls, timeoutSeconds: 1 }, delay: { method: 'PATCH', ms: 2500 } },
  'PATCH refused by 405': { nginx: { tls, bodyLimit: '0', refusedMethods: { PATCH: 405 } } },
  'PATCH refused by 403': { nginx: { tls, bodyLimit: '0', refusedMethods: { PATCH: 403 } } },
  'PATCH refused by 501': { nginx: { tls, bodyLimit: '0', refusedMethods: { PATCH: 501 } } },
  // Neither in chunks nor whole: nginx's default limit is 1 MB.
  'PATCH refused, and a limit of 1 MB': {
    nginx: { tls, refusedMethods: { PATCH: 405 } },
    error: ['chunksRefused'],
  },
  'Docker-Content-Digest hidden': { nginx: { tls, hiddenHeaders: ['Docker-Content-Digest'] } },
  'bodies stored first': { nginx: { tls, bodyLimit: '0', requestBuffering: true } },
  'bodies passed on': { nginx: { tls, bodyLimit: '0', requestBuffering: false } },
  'idle connections closed after a second': { nginx: { tls, bodyLimit: '0', keepAliveSeconds: 1 }, pauseMs: 1300 },
  'connections closed after each answer': { nginx: { tls, bodyLimit: '0', keepAliveSeconds: 0 } },
  'HTTP/2 offered': { nginx: { tls, bodyLimit: '0', http2: true } },
  'plain http': { nginx: { bodyLimit: '0' } },
  'another Host for the registry': { nginx: { tls, bodyLimit: '0', passHost: false } },
  'a sign-in gateway that redirects': {
    nginx: { tls, signInGateway: true },
    error: ['notARegistry', 'registryRefused', 'plainHttp'],
  },
  'a sign-in page for every request': {
    nginx: { signInGateway: true },
    isAtSignInPage: true,
    error: ['notARegistry'],
  },
};

describe('through nginx', () => {
  let fakeGitea: FakeGitea;
  let scratch: Scratch;
  let count = 0;
  before(async () => {
    fakeGitea = await startFakeGitea();
    scratch = await makeScratch('nginx-faults');
  });
  after(async () => {
    await fakeGitea.close();
    await scratch.remove();
  });
  const authorization = `Basic ${Buffer.from(`${dev.username}:${dev.secret}`).toString('base64')}`;

  for (const [name, one] of Object.entries(cases)) {
    for (const mode of one.modes ?? (['export', 'relay', 'relay, whole blobs'] as const)) {
      it(`${name}: ${mode}`, async () => {
        const nginx = await startNginx(fakeGitea.host, one.nginx);
        try {
          const origin = one.isAtSignInPage === true ? new URL(nginx.signInPage ?? '').origin : nginx.origin;
          if (one.delay !== undefined) {
            fakeGitea.faults.add({ method: one.delay.method, action: { kind: 'delay', ms: one.delay.ms } });
          }
          const attempt = await push(origin, mode, one);
          await check(attempt, one);
        } finally {
          fakeGitea.faults.clear();
          await nginx.stop();
        }
      });
    }
  }

  it('is “nothing changed” when it is pushed again, also where the digest’s header is hidden', async () => {
    for (const hiddenHeaders of [[], ['Docker-Content-Digest']]) {
      const nginx = await startNginx(fakeGitea.host, { tls, bodyLimit: '0', hiddenHeaders });
      try {
        const layers = [{ bytes: randomBytes(50_000) }];
        const cache = new DigestCache(join(scratch.path, `again-${++count}.json`), silentLogger, Date.now);
        const options = { ...shared(nginx.origin), tag: 'new', mode: 'export', cache, limitMs: 60_000 } as const;
        const image = machine(layers, 'classic');
        const repository = `dev/again-${count}`;
        const first = await pushOnce({ ...options, image, repository });
        assert.equal(first.error, undefined);
        const second = await pushOnce({ ...options, image, repository });
        assert.equal(second.result?.strategy, 'none', String(second.error));
      } finally {
        await nginx.stop();
      }
    }
  });

  function shared(
    origin: string,
  ): Pick<Parameters<typeof pushOnce>[0], 'origin' | 'fingerprint' | 'credential' | 'spoolRoot'> {
    const fingerprint = origin.startsWith('https:') ? certificate.fingerprint256 : undefined;
    return { origin, fingerprint, credential: dev, spoolRoot: join(scratch.path, 'spool') };
  }

  async function push(origin: string, mode: PushMode, { size = 1_500_000, pauseMs }: Case): Promise<Attempt> {
    const image = machine(
      [size, 20_000].map((bytes) => ({ bytes: randomBytes(bytes) })),
      mode === 'export' ? 'classic' : 'containerd',
    );
    if (pauseMs !== undefined) {
      image.engine.onChunk = async (_layer, offset) => {
        if (offset === 65_536) await pause(pauseMs);
      };
      image.pusher.onRequest = async (method) => {
        if (method === 'PUT') await pause(pauseMs);
      };
    }
    const cache = new DigestCache(join(scratch.path, `cache-${++count}.json`), silentLogger, Date.now);
    const repository = `dev/nginx-${count}`;
    return await pushOnce({ ...shared(origin), image, repository, tag: 'new', mode, cache, limitMs: 120_000 });
  }

  async function check({ error, isHung, image, repository }: Attempt, one: Case): Promise<void> {
    assert(!isHung, 'the push did not end');
    assert.deepEqual(fakeGitea.openSessions(), [], 'an upload session stays open');
    assert.deepEqual(await readdir(join(scratch.path, 'spool')).catch(() => []), [], 'the spool was not cleaned');
    assert.deepEqual([...image.pusher.tags], [], 'a temporary name was left');
    const found = await readImage({ origin: fakeGitea.origin, authorization }, repository, 'new');
    if (one.error !== undefined) {
      assert(error instanceof TeaChestError, String(error));
      assertClear(error);
      assert(one.error.includes(error.code), `${error.code}: ${error.message}`);
      assert.equal(found, undefined);
      return;
    }
    assert.equal(error, undefined, String(error));
    assert.deepEqual(found?.config, image.engine.config);
    const copy = await copyBySkopeo(`${fakeGitea.host}/${repository}:new`, dev);
    assert.deepEqual(copy.diffIds, image.engine.details.diffIds);
  }
});
