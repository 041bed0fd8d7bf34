import { allRows } from '../../../src/core/gitea/packagesApi.ts';
import type { PackageVersion } from '../../../src/core/gitea/restRows.ts';
import { setTimeout as timer } from 'node:timers/promises';
import { sleep } from '../../../src/core/base/cancel.ts';
import type { Logger } from '../../../src/core/base/logger.ts';
import { digestOf, type Digest } from '../../../src/core/oci/digest.ts';
import { createRegistryClient, type RegistryClient } from '../../../src/core/gitea/registryClient.ts';
import type { ReplayableBlob } from '../../../src/core/ports/blobSource.ts';
import type { ReadConnectionTimes } from '../../../src/core/ports/connectionTimes.ts';
import type { Timing } from '../../../src/core/registry/http/retry.ts';
import type { ChunkState } from '../../../src/core/registry/upload/chunkSizer.ts';
import { parseRegistryAddress } from '../../../src/core/registry/registryAddress.ts';
import type { Credential, RegistryTrust } from '../../../src/core/registry/types.ts';
import { startFakeGitea, type FakeGitea } from '../../fakeGitea/fakeGitea.ts';
import type { FakeGiteaOptions } from '../../fakeGitea/options.ts';

export const dev: Credential = { username: 'dev', secret: 'dev pässword: with everything' };

export interface TestClient extends RegistryClient {
  /** Everything that was logged. */
  readonly log: readonly string[];
  /** What is remembered of chunks, by origin. */
  readonly chunks: Map<string, ChunkState>;
}

/** A client as the extension builds it, but its waits are a hundred times shorter. */
export function clientFor(
  url: string,
  options: {
    credential?: Credential;
    trust?: RegistryTrust;
    chunk?: number;
    proxy?: string;
    environment?: Record<string, string>;
    readConnectionTimes?: ReadConnectionTimes;
    /** In place of the shorter waits. */
    timing?: Partial<Timing>;
  } = {},
): TestClient {
  const address = parseRegistryAddress(url);
  const log: string[] = [];
  const keep = (message: string): void => void log.push(message);
  const logger: Logger = { trace: keep, debug: keep, info: keep, warn: keep, error: keep };
  const chunks = new Map<string, ChunkState>();
  if (options.chunk !== undefined) chunks.set(address.origin, { size: options.chunk });
  const client = createRegistryClient({
    address,
    trust: options.trust ?? { allowHttp: true },
    proxy: { url: options.proxy, bypass: [] },
    credential: async () => Promise.resolve(options.credential),
    logger,
    chunkMemory: chunks,
    environment: options.environment ?? {},
    userAgent: 'tea-chest/test',
    readConnectionTimes: options.readConnectionTimes,
    timing: {
      ...{ now: Date.now, sleep: async (ms, signal) => sleep(ms / 100, signal), random: Math.random },
      ...options.timing,
    },
  });
  return { ...client, log, chunks };
}

/** A Gitea and a client signed in as `dev`; both end with the test. */
export async function signedIn(
  test: { after(work: () => Promise<void>): void },
  fakeGiteaOptions: FakeGiteaOptions = {},
  clientOptions: Parameters<typeof clientFor>[1] = {},
): Promise<{ fakeGitea: FakeGitea; client: TestClient }> {
  const fakeGitea = await startFakeGitea(fakeGiteaOptions);
  const client = clientFor(fakeGitea.url, { credential: dev, ...clientOptions });
  test.after(async () => {
    await client.close();
    await fakeGitea.close();
  });
  return { fakeGitea, client };
}

export const never: AbortSignal = new AbortController().signal;

/** Bytes that no two calls with different seeds share. */
export function bytesOf(length: number, seed = 1): Buffer {
  const words = new Uint32Array(Math.ceil(length / 4));
  for (let at = 0, state = seed; at < words.length; at++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    words[at] = state;
  }
  return Buffer.from(words.buffer, 0, length);
}

/** A blob that is complete. */
export function wholeBlob(bytes: Buffer): ReplayableBlob & { readonly digest: Digest } {
  return { ...growingBlob(bytes, bytes.length).source, digest: digestOf(bytes) };
}

/** A blob of which `there` bytes exist at first; `grow` adds more, up to all of them. */
export function growingBlob(
  bytes: Buffer,
  there: number,
): { readonly source: ReplayableBlob; grow(to: number): void; fail(error: Error): void } {
  let have = there;
  let failure: Error | undefined;
  let finish: (value: { digest: Digest; size: number }) => void = () => undefined;
  let refuse: (error: Error) => void = () => undefined;
  const finished = new Promise<{ digest: Digest; size: number }>((resolve, reject) => {
    finish = resolve;
    refuse = reject;
  });
  finished.catch(() => undefined);
  const grow = (to: number): void => {
    have = to;
    if (have === bytes.length) finish({ digest: digestOf(bytes), size: bytes.length });
  };
  grow(there);
  return {
    grow,
    fail: (error) => {
      failure = error;
      refuse(error);
    },
    source: {
      replayable: true,
      finished,
      available: async (offset, want, signal) => {
        while (have < offset + want && have < bytes.length) {
          if (failure !== undefined) throw failure;
          await timer(1, undefined, { signal });
        }
        return { bytes: have, complete: have === bytes.length };
      },

      read: async function* (start, end) {
        for (let at = start; at < end; at += 65_536) yield bytes.subarray(at, Math.min(at + 65_536, end));
      },
    },
  };
}

/** All versions of an owner's packages. */
export async function packagesOf(
  { packages }: Pick<TestClient, 'packages'>,
  owner: string,
): Promise<readonly PackageVersion[]> {
  return allRows(packages.versions(owner, { signal: never }));
}
