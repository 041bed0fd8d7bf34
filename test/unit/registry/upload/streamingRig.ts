import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import type { ErrorCode } from '../../../../src/core/base/errors.ts';
import { sleep } from '../../../../src/core/base/cancel.ts';
import { digestOf } from '../../../../src/core/oci/digest.ts';
import { ChunkSizer } from '../../../../src/core/registry/upload/chunkSizer.ts';
import {
  explainErrorResponse,
  type ExplainErrorResponse,
} from '../../../../src/core/registry/errors/explainErrorResponse.ts';
import { UploadInterruptedError } from '../../../../src/core/ports/uploadInterruptedError.ts';
import type { UploadSession } from '../../../../src/core/ports/blobTarget.ts';
import { parseRegistryAddress } from '../../../../src/core/registry/registryAddress.ts';
import { usualRetries, withRetry, type Timing } from '../../../../src/core/registry/http/retry.ts';
import { createTransport } from '../../../../src/core/registry/http/transport.ts';
import type { RepositoryContext } from '../../../../src/core/registry/repositoryContext.ts';
import { uploadBlob } from '../../../../src/core/registry/upload/uploadBlob.ts';
import { openSession } from '../../../../src/core/registry/upload/uploadSession.ts';
import { silentLogger } from '../../../tools/silentLogger.ts';
import { MemoryRegistry, type Intercept } from '../memoryRegistry.ts';

export const kib = 1024;
export const mib = 1024 * kib;
/** Waits are a hundred times shorter. */
export const timing: Timing = { now: Date.now, sleep: async (ms, signal) => sleep(ms / 100, signal), random: () => 0 };
export const unfired = new AbortController().signal;

export interface Rig {
  readonly registry: MemoryRegistry;
  readonly sizer: ChunkSizer;
  readonly sent: number[];
  open(): Promise<UploadSession>;
  /** Sends these bytes by a new session, cut as `pieces` says. */
  send(
    blob: Buffer,
    options?: {
      digestOf?: Buffer;
      bytes?: AsyncIterable<Uint8Array>;
      signal?: AbortSignal;
      session?: UploadSession;
      onWritten?: (piece: Uint8Array) => void;
    },
  ): Promise<void>;
}

export interface RigOptions {
  readonly chunk: number;
  /** True: the blob goes in one request. */
  readonly isNear?: boolean;
  readonly explain?: ExplainErrorResponse;
}

export async function startRig(
  t: TestContext,
  { chunk, isNear = false, explain = explainErrorResponse }: RigOptions,
): Promise<Rig> {
  const registry = new MemoryRegistry();
  await once(registry.server.listen(0, '127.0.0.1'), 'listening');
  const { port } = registry.server.address() as AddressInfo;
  registry.origin = `http://127.0.0.1:${port}`;
  const transport = createTransport({
    ...{ address: parseRegistryAddress(registry.origin), trust: { allowHttp: true }, userAgent: 'tea-chest/test' },
    ...{ proxy: { url: undefined, bypass: [] }, environment: {} },
  });
  t.after(async () => {
    await transport.close();
    registry.server.closeAllConnections();
    await new Promise((resolve) => registry.server.close(resolve));
  });
  const context: RepositoryContext = {
    send: withRetry(transport.send, usualRetries, timing, silentLogger),
    ...{ origin: registry.origin, repository: 'own/app', explain, logger: silentLogger, timing, unclosed: new Set() },
  };
  // Only a size that was never lowered lets a blob go in one request.
  const size = isNear ? 16 * mib : chunk;
  const sizer = new ChunkSizer(registry.origin, { get: () => ({ size }), set: () => undefined });
  const sent: number[] = [];
  const open = async (): Promise<UploadSession> =>
    (await openSession(context, unfired)) ?? assert.fail('nothing is mounted here');
  return {
    ...{ registry, sizer, sent, open },
    send: async (blob, options = {}) => {
      const { signal = unfired, onWritten } = options;
      const digest = digestOf(options.digestOf ?? blob);
      const bytes = options.bytes ?? inPieces(blob, 300_007);
      const source = { replayable: false, digest, size: blob.byteLength, bytes, onWritten } as const;
      const onSent = (count: number): void => void sent.push(count);
      const session = options.session ?? (await open());
      await uploadBlob(context, source, { signal, onSent, session, sizer, takesPost: false, isNear });
    },
  };
}

export async function* inPieces(blob: Buffer, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < blob.byteLength; at += size) {
    await setImmediate();
    yield blob.subarray(at, at + size);
  }
}

/** Whatever happened: no session is left, nothing was stored, and `asked` is all that the registry was asked. */
export function assertNothingLeft({ registry }: Rig, asked: readonly string[]): void {
  assert.deepEqual(registry.asked, asked);
  assert.equal(registry.sessions.size, 0);
  assert.equal(registry.blobs.size, 0);
}

/** The error by which whoever has the bytes may send them again. */
export const interrupted =
  (code: ErrorCode): ((error: unknown) => true) =>
  (error) => {
    assert.ok(error instanceof UploadInterruptedError);
    assert.equal(error.code, code);
    return true;
  };

export const answer = (method: string, nth: number, status: number, body = ''): Intercept => {
  return (request, response, count) => {
    if (request.method !== method || count < nth) return false;
    request.resume();
    request.once('end', () => response.writeHead(status).end(body));
    return true;
  };
};

export const tear = (method: string): Intercept => {
  return (request) => {
    if (request.method !== method) return false;
    request.once('data', () => request.socket.destroy());
    return true;
  };
};
