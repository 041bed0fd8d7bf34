import { randomBytes } from 'node:crypto';
import { Engine as EngineClient } from '../../../src/core/docker/client/engine.ts';
import { parseEndpoint } from '../../../src/core/docker/endpoint/parseEndpoint.ts';
import { createRegistryClient, type RegistryClient } from '../../../src/core/gitea/registryClient.ts';
import type { Digest } from '../../../src/core/oci/digest.ts';
import { pullImage } from '../../../src/core/pull/pullImage.ts';
import type { PullEvent, PullResult } from '../../../src/core/pull/pullEvents.ts';
import type { PullParts, PullRequest } from '../../../src/core/pull/pullParts.ts';
import type { PullReference } from '../../../src/core/pull/pullReference.ts';
import { bytesSource } from '../../../src/core/ports/blobSource.ts';
import { networkScope } from '../../../src/core/registry/http/networkScope.ts';
import { parseRegistryAddress } from '../../../src/core/registry/registryAddress.ts';
import type { Credential, RegistryTrust } from '../../../src/core/registry/types.ts';
import { Reachability } from '../../../src/core/relay/reachability.ts';
import { RelayEndpoint } from '../../../src/core/relay/relayEndpoint.ts';
import { run } from '../../tools/run.ts';
import { makeScratch } from '../../tools/scratch.ts';
import { silentLogger } from '../../tools/silentLogger.ts';
import type { Engine } from '../../tools/engine.ts';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { digestOf, type Blobs, type Described } from '../../tools/ociLayout.ts';

export interface PullRig {
  readonly client: RegistryClient;
  readonly engine: EngineClient;
  /** Lines of the log. */
  readonly log: readonly string[];
  pull(reference: string, options?: PullOptions): Promise<PullResult>;
  close(): Promise<void>;
}

export interface PullOptions {
  readonly platform?: string;
  readonly signal?: AbortSignal;
  readonly onEvent?: (event: PullEvent) => void;
  readonly mayMoveTag?: PullRequest['mayMoveTag'];
  /** False: as if the endpoint could not be opened. */
  readonly relay?: boolean;
}

export interface PullRigOptions {
  readonly engine: Pick<Engine, 'host'>;
  readonly url: string;
  readonly credential?: Credential | undefined;
  readonly trust?: RegistryTrust;
}

/** The parts of a pull, put together as the composition root does, for one engine and one registry. */
export function openPullRig({ engine: real, url, credential, trust = { allowHttp: true } }: PullRigOptions): PullRig {
  const address = parseRegistryAddress(url);
  const log: string[] = [];
  const logger = { ...silentLogger, info: (line: string) => void log.push(line) };
  const client = createRegistryClient({
    ...{ address, trust, userAgent: 'tea-chest/test', proxy: { url: undefined, bypass: [] }, environment: {}, logger },
    ...{ credential: () => Promise.resolve(credential), chunkMemory: { get: () => undefined, set: () => undefined } },
  });
  const engine = new EngineClient(
    parseEndpoint(real.host, { source: 'test', platform: process.platform, tls: undefined }),
  );
  const secret = randomBytes(32).toString('hex');
  const endpoint = new RelayEndpoint({ port: 0, secret, onPort: () => undefined, logger });
  const reachability = new Reachability(() => performance.now());
  const never = new AbortController().signal;
  return {
    client,
    engine,
    log,
    pull: async (text, { relay = true, signal = never, mayMoveTag, onEvent, platform } = {}) => {
      const reference = parse(address.host, text);
      const parts: PullParts = {
        puller: engine.puller(),
        repository: await client.repository(reference.repository, { signal }),
        registry: {
          ...{ origin: address.origin, host: address.host, isPinned: trust.pinnedFingerprint !== undefined },
          isLoopback: networkScope(address.host) === 'loopback',
        },
        credential,
        relay: relay ? { endpoint, reachability } : undefined,
        logger,
      };
      const request = {
        ...{ reference, platform, signal, mayMoveTag: mayMoveTag ?? (() => Promise.resolve(true)) },
        onEvent: onEvent ?? (() => undefined),
      };
      return await pullImage(request, parts);
    },
    close: async () => {
      engine.dispose();
      await client.close();
    },
  };
}

function parse(host: string, text: string): PullReference {
  const [, repository = '', tag, digest] = /^([^:@]+)(?::([^@]+))?(?:@(.+))?$/.exec(text) ?? [];
  if (digest !== undefined) return { host, repository, digest: digest as Digest };
  return { host, repository, tag: tag ?? 'latest' };
}

/** Stores an image or an index with all that it names. */
export async function store(
  client: RegistryClient,
  name: string,
  tag: string,
  blobs: Blobs,
  top: Described,
): Promise<Digest> {
  const signal = new AbortController().signal;
  const repository = await client.repository(name, { signal });
  const all = [...blobs.all].map(([digest, blob]) => ({ digest: digest as Digest, ...blob }));
  const isManifest = (type: string): boolean => /manifest\.v1|index\.v1/.test(type);
  for (const { digest, bytes, mediaType } of all) {
    if (isManifest(mediaType)) continue;
    await repository.uploadBlob(bytesSource(bytes, digest), { signal, onSent: () => undefined });
  }
  for (const { digest, bytes, mediaType } of all) {
    if (isManifest(mediaType) && digest !== top.digest)
      await repository.putManifest(digest, bytes, mediaType, { signal });
  }
  const stored = blobs.all.get(top.digest);
  if (stored === undefined) throw new Error('the blobs lack the top manifest');
  await repository.putManifest(tag, stored.bytes, top.mediaType, { signal });
  return top.digest as Digest;
}

/** An image as `docker save` gives it and skopeo reads it: every byte hashed. */
export async function readSaved(
  engine: Engine,
  reference: string,
): Promise<{ readonly config: string; readonly diffIds: readonly string[] }> {
  const scratch = await makeScratch('saved');
  try {
    const [file, folder] = [join(scratch.path, 'saved.tar'), join(scratch.path, 'copy')];
    await engine.docker(['save', '--output', file, reference]);
    await run('skopeo', ['--insecure-policy', 'copy', '--quiet', `docker-archive:${file}`, `dir:${folder}`]);
    const manifest = JSON.parse(await readFile(join(folder, 'manifest.json'), 'utf8')) as {
      config: Described;
      layers: Described[];
    };
    const read = async ({ digest }: Described): Promise<Buffer> =>
      readFile(join(folder, digest.slice('sha256:'.length)));
    const layers = await Promise.all(manifest.layers.map(read));
    return { config: digestOf(await read(manifest.config)), diffIds: layers.map((layer) => digestOf(layer)) };
  } finally {
    await scratch.remove();
  }
}
