import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { inspectCertificate } from '../../src/core/registry/http/tls/inspectCertificate.ts';
import { parseRegistryAddress } from '../../src/core/registry/registryAddress.ts';
import { createTransport } from '../../src/core/registry/http/transport.ts';
import type { Credential } from '../../src/core/registry/types.ts';
import type { Connection } from '../../src/host/connections/connection.ts';
import { projectRoot } from '../../test/tools/projectPaths.ts';
import { startRegistry } from '../../test/tools/registry.ts';
import { makeScratch } from '../../test/tools/scratch.ts';
import { startService, waitFor } from '../../test/tools/service.ts';

/** A registry to push to, with the connection of a signed-in person. */
export interface BenchRegistry {
  readonly connection: Connection;
  readonly credential: Credential | undefined;
  /** Before the name of an image: `owner/`, or nothing where there are no owners. */
  readonly prefix: string;
  /** All bytes that it has stored; undefined if we cannot read them. */
  storedBytes(): Promise<number | undefined>;
  /** Removes what was pushed, or all of it. */
  stop(): Promise<void>;
}

/** Gives registries for cold pushes. */
export interface RegistryProvider {
  /** For titles: `docker-registry, http`. */
  readonly title: string;
  /** True: one server for all, which may remember blobs, so that each cold push needs content of its own. */
  readonly isShared: boolean;
  open(): Promise<BenchRegistry>;
}

/** Debian's docker-registry, a new and empty one each time. */
export const distributionProvider: RegistryProvider = {
  title: 'docker-registry, http',
  isShared: false,
  open: async () => {
    const registry = await startRegistry();
    const { origin, host, dataFolder } = registry;
    return {
      connection: {
        origin,
        host,
        webRoot: origin,
        kind: 'generic',
        version: undefined,
        username: '',
        trust: { allowHttp: true },
      },
      credential: undefined,
      prefix: 'bench/',
      storedBytes: () => folderBytes(dataFolder),
      stop: () => registry.stop(),
    };
  },
};

/** The Gitea that the environment names, or the fake Gitea of the tests. */
export function giteaProvider(): RegistryProvider {
  const url = process.env['GITEA_URL'];
  return url === undefined || url === '' ? fakeGiteaProvider : realGiteaProvider(url);
}

interface FakeGiteaLine {
  readonly origin: string;
  readonly host: string;
  readonly fingerprint256: string;
  readonly users: readonly { readonly name: string; readonly password: string }[];
}

/** The fake Gitea in a process of its own, a new and empty one each time. */
const fakeGiteaProvider: RegistryProvider = {
  title: 'fake Gitea, https',
  isShared: false,
  open: async () => {
    const scratch = await makeScratch('fakeGitea');
    const service = startService(process.execPath, [join(projectRoot, 'test/fakeGitea/main.ts'), '--tls'], {
      logFile: join(scratch.path, 'log'),
      folders: [scratch.path],
      env: { TMPDIR: scratch.path },
    });
    const stop = async (): Promise<void> => {
      await service.stop();
      await scratch.remove();
    };
    try {
      const line = await waitFor('The fake Gitea', service, () => /^\{.*\}$/m.exec(service.output())?.[0]);
      const { origin, host, fingerprint256, users } = JSON.parse(line) as FakeGiteaLine;
      const dev = users.find(({ name }) => name === 'dev');
      if (dev === undefined) throw new Error('The fake Gitea has no user dev.');
      const trust = { pinnedFingerprint: fingerprint256 };
      return {
        connection: { origin, host, webRoot: origin, kind: 'gitea', version: undefined, username: dev.name, trust },
        credential: { username: dev.name, secret: dev.password },
        prefix: `${dev.name}/`,
        storedBytes: () => folderBytes(scratch.path),
        stop,
      };
    } catch (error) {
      await stop();
      throw error;
    }
  },
};

function realGiteaProvider(url: string): RegistryProvider {
  const username = process.env['GITEA_USERNAME'] ?? '';
  const secret = process.env['GITEA_PASSWORD'] ?? process.env['GITEA_TOKEN'] ?? '';
  const address = parseRegistryAddress(url);
  return {
    title: `Gitea, ${new URL(address.origin).protocol.replace(':', '')}`,
    isShared: true,
    open: async () => {
      const owner = username.toLowerCase();
      return {
        connection: { ...address, kind: 'gitea', version: undefined, username, trust: await trustFor(url) },
        credential: { username, secret },
        prefix: `${owner}/tea-chest-bench-`,
        // Its disk is not readable: the bytes are those that the manifests name.
        storedBytes: () => Promise.resolve(undefined),
        stop: () => removePackages(url, owner, { username, secret }),
      };
    },
  };
}

/** The environment names this server: its present certificate is trusted, and only that one. */
async function trustFor(url: string): Promise<Connection['trust']> {
  const address = parseRegistryAddress(url);
  if (address.origin.startsWith('http:')) return { allowHttp: true };
  const signal = AbortSignal.timeout(20_000);
  const direct = { proxy: { url: undefined, bypass: ['*'] }, environment: {}, signal };
  const { problem, fingerprint256 } = await inspectCertificate(address, direct);
  return problem === undefined ? {} : { pinnedFingerprint: fingerprint256 };
}

interface PackageVersion {
  readonly name: string;
  readonly version: string;
}

/** Removes what runs of the bench have pushed. */
async function removePackages(url: string, owner: string, { username, secret }: Credential): Promise<void> {
  const address = parseRegistryAddress(url);
  const list = `${address.webRoot}/api/v1/packages/${owner}`;
  const proxy = { url: undefined, bypass: [] };
  const trust = await trustFor(url);
  const transport = createTransport({ address, trust, proxy, environment: process.env, userAgent: 'tea-chest-bench' });
  const authorization = `Basic ${Buffer.from(`${username}:${secret}`).toString('base64')}`;
  const ask = async (method: 'GET' | 'DELETE', target: string): Promise<string> => {
    const request = { method, url: new URL(target), headers: { authorization }, signal: AbortSignal.timeout(60_000) };
    const { status, body } = await transport.send(request);
    if (status < 300) return body.toString('utf8');
    throw new Error(`${method} ${target} was answered with ${status}: ${body.toString('utf8').slice(0, 200)}`);
  };
  try {
    for (;;) {
      const found = JSON.parse(
        await ask('GET', `${list}?type=container&q=tea-chest-bench-&limit=50`),
      ) as PackageVersion[];
      if (found.length === 0) return;
      for (const { name, version } of found) {
        await ask('DELETE', `${list}/container/${encodeURIComponent(name)}/${encodeURIComponent(version)}`);
      }
    }
  } finally {
    await transport.close();
  }
}

/** The same registry at another address. */
export function reachedBy(registry: BenchRegistry, host: string): BenchRegistry {
  const origin = `http://${host}`;
  return { ...registry, connection: { ...registry.connection, origin, host, webRoot: origin } };
}

/** Bytes of all files below. */
async function folderBytes(folder: string): Promise<number> {
  let bytes = 0;
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => [])) {
    if (entry.isFile()) bytes += (await stat(join(entry.parentPath, entry.name)).catch(() => undefined))?.size ?? 0;
  }
  return bytes;
}
