import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { copyFile, readdir } from 'node:fs/promises';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { DigestCache } from '../../src/core/digestCache/digestCache.ts';
import type { Credential } from '../../src/core/registry/types.ts';
import { defaultSeed } from '../fakeGitea/model/seed.ts';
import { startFakeGitea } from '../fakeGitea/fakeGitea.ts';
import { makeCertificate } from '../fakeGitea/tls/certificate.ts';
import { startRegistry } from '../tools/registry.ts';
import { makeScratch } from '../tools/scratch.ts';
import { silentLogger } from '../tools/silentLogger.ts';
import { machine } from '../unit/push/relay/relayRig.ts';
import { FaultyProxy } from './faultyProxy.ts';
import { chunk, pushOnce, type Attempt, type PushMode } from './onePush.ts';
import { readImage, type Origin } from './readImage.ts';

export type RegistryType = 'gitea' | 'distribution';

export interface TestRegistry extends Origin {
  readonly credential: Credential;
  readonly host: string;
  /** Upload sessions of a repository that are open. */
  openSessions(repository: string): Promise<number>;
  close(): Promise<void>;
}

const dev = defaultSeed.users[1] ?? { name: '', password: '' };

export async function openRegistry(type: RegistryType): Promise<TestRegistry> {
  const credential = { username: dev.name, secret: dev.password };
  const authorization = `Basic ${Buffer.from(`${dev.name}:${dev.password}`).toString('base64')}`;
  if (type === 'gitea') {
    const fakeGitea = await startFakeGitea();
    return {
      ...{ credential, authorization, origin: fakeGitea.origin, host: fakeGitea.host },
      openSessions: () => Promise.resolve(fakeGitea.openSessions().length),
      close: () => fakeGitea.close(),
    };
  }
  const registry = await startRegistry({ user: dev });
  return {
    ...{ credential, authorization, origin: registry.origin, host: registry.host },
    openSessions: (repository) =>
      countUploads(join(registry.dataFolder, 'docker/registry/v2/repositories', repository, '_uploads')),
    close: () => registry.stop(),
  };
}

/** distribution has a folder for each upload, and may not remove it at the end. */
async function countUploads(folder: string): Promise<number> {
  const files = await readdir(folder, { recursive: true }).catch(() => []);
  return files.filter((file) => file.endsWith('/startedat')).length;
}

/** A layer that the repository has, one that another repository has, and one that must be sent in two chunks. */
const [old, common] = [randomBytes(20_000), randomBytes(30_000)];

export interface FaultRig {
  readonly proxy: FaultyProxy;
  readonly registry: TestRegistry;
  /** Requests with credentials or a body at the foreign host to which redirects point. */
  readonly leaks: string[];
  /** Pushes a first image to a new repository, which then has a part of the next push's layers. */
  prepare(): Promise<string>;
  /** Publishes that repository's first image under the name that the next push will have. */
  occupy(repository: string): Promise<Buffer>;
  push(repository: string, mode: PushMode): Promise<Attempt>;
  leftSpools(): Promise<readonly string[]>;
  close(): Promise<void>;
}

export async function openRig(type: RegistryType, limitMs: number): Promise<FaultRig> {
  const scratch = await makeScratch('faults');
  const registry = await openRegistry(type);
  const leaks: string[] = [];
  const elsewhere = await startElsewhere(leaks);
  const certificate = type === 'gitea' ? makeCertificate('valid') : undefined;
  const proxy = await FaultyProxy.start(new URL(registry.origin), certificate, elsewhere.origin);
  const spoolRoot = join(scratch.path, 'spool');
  /** A registry that is down is up again after the second wait, unless the fault is permanent. */
  let waits = 0;
  const onWait = async (): Promise<void> => {
    if (++waits % 2 === 0) await proxy.recover();
  };
  const fingerprint = certificate?.fingerprint256;
  const { credential } = registry;
  const parts = { origin: proxy.origin, fingerprint, credential, spoolRoot, limitMs, onWait };
  let repositories = 0;
  // The digest cache has what the first push to the repository, and the one to dev/base, have stored.
  const cacheFile = (name: string): string => join(scratch.path, `${name.replaceAll('/', '-')}.json`);
  const openCache = async (name: string, from?: string): Promise<DigestCache> => {
    if (from !== undefined) await copyFile(cacheFile(from), cacheFile(name));
    return new DigestCache(cacheFile(name), silentLogger, Date.now);
  };
  const base = machine([{ bytes: common }], 'classic');
  const cache = await openCache('dev/base');
  const { error } = await pushOnce({
    ...parts,
    image: base,
    repository: 'dev/base',
    tag: 'new',
    mode: 'export',
    cache,
  });
  if (error !== undefined) throw error as Error;
  return {
    ...{ proxy, registry, leaks },
    prepare: async () => {
      const repository = `dev/app-${++repositories}`;
      const image = machine([{ bytes: old }], 'classic');
      const cache = await openCache(repository, 'dev/base');
      await proxy.arm(undefined);
      const { error } = await pushOnce({ ...parts, image, repository, tag: 'old', mode: 'export', cache });
      if (error !== undefined) throw error as Error;
      return repository;
    },
    occupy: async (repository) => {
      const image = machine([{ bytes: old }], 'classic');
      const cache = await openCache(`${repository}-occupied`, repository);
      const { error } = await pushOnce({ ...parts, image, repository, tag: 'new', mode: 'export', cache });
      if (error !== undefined) throw error as Error;
      return image.engine.config;
    },
    push: async (repository, mode) => {
      const layers = [old, common, randomBytes(2 * chunk - 400_000)].map((bytes) => ({ bytes }));
      const image = machine(layers, mode === 'export' ? 'classic' : 'containerd');
      const cache = await openCache(`${repository}-pushed`, repository);
      return await pushOnce({ ...parts, image, repository, tag: 'new', mode, cache });
    },
    leftSpools: () => readdir(spoolRoot).catch(() => []),
    close: async () => {
      await proxy.close();
      await elsewhere.close();
      await registry.close();
      await scratch.remove();
    },
  };
}

async function startElsewhere(
  leaks: string[],
): Promise<{ readonly origin: string; readonly close: () => Promise<void> }> {
  const server = http.createServer((request, response) => {
    if (request.headers.authorization !== undefined) leaks.push(`credentials with ${request.method ?? ''}`);
    request.on('data', () => leaks.push(`bytes with ${request.method ?? ''}`));
    request.on('end', () => response.writeHead(200, { 'content-type': 'text/html' }).end('<html>Sign in</html>'));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

/** The image behind the tag of a push, read from the registry itself, without the proxy. */
export async function published(rig: FaultRig, repository: string): ReturnType<typeof readImage> {
  return await readImage(rig.registry, repository, 'new');
}
