import { digestOf, type Digest } from '../../../src/core/oci/digest.ts';
import type { IncomingBlob, RelayBackend, RelayedManifest } from '../../../src/core/relay/relayBackend.ts';

/** Keeps what it is given. */
export class MemoryBackend implements RelayBackend {
  readonly blobs = new Map<Digest, Buffer>();
  readonly manifests: RelayedManifest[] = [];
  dropped = 0;
  /** Called with each blob's digest before it is taken; may throw. */
  onCommit: (digest: Digest) => void = () => undefined;

  add(bytes: Buffer): Digest {
    const digest = digestOf(bytes);
    this.blobs.set(digest, bytes);
    return digest;
  }

  headBlob(digest: Digest): Promise<number | undefined> {
    return Promise.resolve(this.blobs.get(digest)?.byteLength);
  }

  readBlob(digest: Digest): Uint8Array | undefined {
    return this.blobs.get(digest);
  }

  beginBlob(): Promise<IncomingBlob> {
    const parts: Uint8Array[] = [];
    return Promise.resolve({
      write: (bytes) => {
        parts.push(bytes);
        return Promise.resolve();
      },
      commit: async (digest) => {
        await Promise.resolve();
        this.onCommit(digest);
        this.blobs.set(digest, Buffer.concat(parts));
      },
      drop: () => {
        this.dropped++;
      },
    });
  }

  putManifest(manifest: RelayedManifest): Promise<void> {
    this.manifests.push(manifest);
    return Promise.resolve();
  }
}
