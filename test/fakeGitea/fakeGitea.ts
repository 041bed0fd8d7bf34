import { rmSync } from 'node:fs';
import { mkdtemp, readFile } from 'node:fs/promises';
import type { RequestListener } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { handleStorage } from './directStorage.ts';
import { openGitea, type Gitea } from './gitea.ts';
import type { Exchange } from './http/exchange.ts';
import { Faults } from './http/faults.ts';
import { Listener } from './http/listener.ts';
import { pageNotFound, type Reply } from './http/reply.ts';
import { RequestLog, type RequestRecord } from './http/requestLog.ts';
import { serve } from './http/serve.ts';
import type { Directory } from './model/directory.ts';
import { manifestFile, type Packages } from './model/packages.ts';
import type { FakeGiteaOptions } from './options.ts';
import { handleRest } from './rest/routes.ts';
import { makeCertificate, type ServerCertificate } from './tls/certificate.ts';
import { handleRegistry } from './v2/routes.ts';
import { handleWeb } from './web/pages.ts';

/** A running fake Gitea: its address for a client, and its state for a test to inspect, change and break. */
export interface FakeGitea {
  /** The web root, as a person types it: origin and sub-path. */
  readonly url: string;
  readonly origin: string;
  /** `127.0.0.1:port`. */
  readonly host: string;
  readonly certificatePem: string | undefined;
  /** SHA-256 of the certificate, 64 lower-case hex digits. */
  readonly fingerprint256: string | undefined;

  readonly faults: Faults;
  /** Users, organisations, tokens: seeded, and changeable at any time. */
  readonly directory: Directory;
  /** Images and their versions, to fill a large registry without pushing. */
  readonly packages: Packages;
  /** All requests, oldest first. */
  readonly requests: readonly RequestRecord[];
  /** Bytes of all request bodies. */
  readonly bytesReceived: number;

  openSessions(): { id: string; bytesReceived: number }[];
  /** The file of a stored blob. */
  blob(digest: string): { path: string; size: number } | undefined;
  manifest(
    owner: string,
    image: string,
    reference: string,
  ): Promise<{ digest: string; mediaType: string; bytes: Buffer } | undefined>;
  /** Sorted by name; empty if there is no such image. */
  tags(owner: string, image: string): string[];
  /** A new personal token of a user. */
  createToken(user: string, scopes: readonly string[]): string;
  /** Makes all registry tokens issued so far invalid. */
  expireTokens(): void;
  /** The nightly cleanup: removes open uploads and blobs that no manifest names. */
  cleanUp(): Promise<void>;
  clearRequests(): void;
  /** Closes all connections and refuses new ones, until `comeBack`. */
  goDown(): Promise<void>;
  comeBack(): Promise<void>;
  /** Stops it and removes all it stored. */
  close(): Promise<void>;
}

export async function startFakeGitea(options: FakeGiteaOptions = {}): Promise<FakeGitea> {
  const folder = await mkdtemp(join(tmpdir(), 'gitea-fakeGitea-'));
  const sweep = (): void => {
    rmSync(folder, { recursive: true, force: true });
  };
  process.once('exit', sweep); // for tests that fail before they close it
  const certificate = options.tls === undefined ? undefined : makeCertificate(options.tls);
  const service = {
    log: new RequestLog(),
    faults: new Faults(),
    expireTokens: () => {
      gitea.tokens.expireAll();
    },
  };

  const storageListener: RequestListener = (request, response) =>
    void serve(
      { ...service, toStorage: true, handle: (exchange) => handleStorage(gitea, exchange) },
      request,
      response,
    );
  const giteaListener: RequestListener = (request, response) =>
    void serve({ ...service, toStorage: false, handle: (exchange) => handle(gitea, exchange) }, request, response);

  const storage = options.serveDirect === true ? await Listener.start(storageListener, certificate, 0) : undefined;
  const scheme = certificate === undefined ? 'http' : 'https';
  const ownStorage = storage === undefined ? undefined : `${scheme}://127.0.0.1:${storage.port}`;
  const storageOrigin = ownStorage === undefined ? undefined : (options.storageEndpoint ?? ownStorage);
  const gitea = await openGitea(options, folder, storageOrigin);
  const listener = await Listener.start(giteaListener, certificate, options.port ?? 0);
  return makeFakeGitea({ gitea, sweep, certificate, listener, storage, ...service });
}

/** The registry is at the root of the host; pages and REST API are below the sub-path. */
async function handle(gitea: Gitea, exchange: Exchange): Promise<Reply> {
  const reply = await route(gitea, exchange);
  const isJson = String(reply.headers?.['Content-Type'] ?? '').startsWith('application/json');
  if (gitea.options.newJson !== true || !isJson || typeof reply.body !== 'string') return reply;
  return { ...reply, body: reply.body.replace(/\n$/, '') };
}

async function route(gitea: Gitea, exchange: Exchange): Promise<Reply> {
  if (exchange.path === '/v2' || exchange.path.startsWith('/v2/')) return handleRegistry(gitea, exchange);
  const subPath = gitea.options.subPath ?? '';
  if (!exchange.path.startsWith(subPath)) return pageNotFound();
  const given = exchange.path.slice(subPath.length);
  const path = gitea.options.proxyDecodesSlash === true ? given.replaceAll(/%2f/gi, '/') : given;
  // The proxy passes on the registry below the path as well: Gitea redirects there for an owner that was renamed.
  if (path.startsWith('/v2/')) return handleRegistry(gitea, { ...exchange, path });
  if (path.startsWith('/api/v1/')) return handleRest(gitea, exchange, path.slice('/api/v1'.length));
  return exchange.method === 'GET' || exchange.method === 'HEAD' ? handleWeb(gitea, exchange, path) : pageNotFound();
}

interface Parts {
  readonly gitea: Gitea;
  readonly sweep: () => void;
  readonly certificate: ServerCertificate | undefined;
  readonly listener: Listener;
  readonly storage: Listener | undefined;
  readonly log: RequestLog;
  readonly faults: Faults;
}

function makeFakeGitea({ gitea, sweep, certificate, listener, storage, log, faults }: Parts): FakeGitea {
  const { directory, blobs, packages, uploads } = gitea;
  const host = `127.0.0.1:${listener.port}`;
  const origin = `${certificate === undefined ? 'http' : 'https'}://${host}`;
  const imageOf = (owner: string, image: string): ReturnType<typeof packages.get> =>
    packages.get(directory.owner(owner)?.id ?? -1, image);
  return {
    url: `${origin}${gitea.options.subPath ?? ''}`,
    origin,
    host,
    certificatePem: certificate?.certificatePem,
    fingerprint256: certificate?.fingerprint256,
    faults,
    directory,
    packages,
    get requests() {
      return log.records;
    },
    get bytesReceived() {
      return log.bytesReceived;
    },
    openSessions: () => uploads.all().map(({ id, bytesReceived }) => ({ id, bytesReceived })),
    blob: (digest) => blobs.get(digest),
    manifest: async (owner, image, reference) => {
      const [version] = packages.findManifests(imageOf(owner, image), reference);
      const file = version?.files.get(manifestFile);
      const stored = file === undefined ? undefined : blobs.get(file.digest);
      if (file === undefined || stored === undefined) return undefined;
      return { digest: file.digest, mediaType: file.mediaType, bytes: await readFile(stored.path) };
    },
    tags: (owner, image) => {
      const versions = [...(imageOf(owner, image)?.versions.values() ?? [])];
      return versions.flatMap(({ tagged, name }) => (tagged ? [name] : [])).sort();
    },
    createToken: (user, scopes) => {
      const owner = directory.user(user);
      return directory.addToken(owner, `token ${directory.tokensOf(owner.id).length + 1}`, scopes).value;
    },
    expireTokens: () => {
      gitea.tokens.expireAll();
    },
    cleanUp: () => cleanUp(gitea),
    clearRequests: () => {
      log.clear();
    },
    goDown: () => listener.goDown(),
    comeBack: () => listener.comeBack(),
    close: async () => {
      for (const each of [listener, storage]) if (each?.listening === true) await each.goDown();
      process.removeListener('exit', sweep);
      sweep();
    },
  };
}

async function cleanUp({ uploads, packages, blobs }: Gitea): Promise<void> {
  for (const session of uploads.all()) await uploads.remove(session);
  packages.dropPending();
  for (const { digest } of blobs.all()) {
    if (!packages.all().some((image) => packages.findBlob(image, digest) !== undefined)) await blobs.remove(digest);
  }
}
