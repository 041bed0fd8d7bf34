import { gunzipSync, gzipSync, type ZlibOptions } from 'node:zlib';
import { TeaChestError } from '../../../src/core/base/errors.ts';
import { digestOf, type Digest } from '../../../src/core/oci/digest.ts';
import type { ImageManifest } from '../../../src/core/oci/manifest.ts';
import { mediaTypes } from '../../../src/core/oci/mediaTypes.ts';
import type { BlobTarget, StoredManifest, UploadOptions, UploadSession } from '../../../src/core/ports/blobTarget.ts';
import type { CallOptions } from '../../../src/core/ports/callOptions.ts';
import type { BlobSource } from '../../../src/core/ports/blobSource.ts';
import type {
  ArchiveBlob,
  ArchiveItem,
  ExportBlobsOptions,
  ExportOptions,
  ImageDetails,
  ImageSource,
} from '../../../src/core/ports/imageSource.ts';
import type { LayerCodec } from '../../../src/core/ports/layerCodec.ts';

/** A layer's tar for tests: real bytes of a given size that do not repeat within the window of a compressor. */
export function someLayer(seed: number, size: number): Buffer {
  const block = Buffer.alloc(Math.min(size, 1_000_003));
  for (let at = 0, state = seed + 1; at < block.byteLength; at++) {
    state = (state * 1103515245 + 12345) >>> 0;
    block[at] = (state >>> 16) & 0x3f;
  }
  return size === block.byteLength ? block : Buffer.alloc(size, block);
}

export interface FakeLayer {
  readonly bytes: Uint8Array;
  /** False: the archive does not say which layer this is. */
  readonly named?: boolean;
  /** What the engine really sends, when it differs from what the image says. */
  readonly sent?: Uint8Array;
}

/** An engine with one image, whose archive is made of given layers. Counts how often it was asked. */
export class FakeEngine implements ImageSource {
  readonly details: ImageDetails;
  readonly config: Buffer;
  inspected = 0;
  opened = 0;
  /** Layers whose bytes were read rather than skipped. */
  readonly read: number[] = [];
  /** Called before each chunk of a layer; may throw, to break the export there. */
  onChunk: (layer: number, offset: number) => Promise<void> | void = () => undefined;
  extra: ArchiveItem[] = [];
  endsEarly = false;
  /** What an engine that stores blobs has: its archive gives them sorted by their digests. */
  stored: readonly Uint8Array[] = [];
  /** The platform that the last export of blobs asked for. */
  exportedPlatform: ExportBlobsOptions['platform'];
  /** The digests of the blobs that were read of the last export of blobs. */
  readonly readBlobs: Digest[] = [];
  readonly #layers: readonly FakeLayer[];

  constructor(layers: readonly FakeLayer[]) {
    this.#layers = layers;
    const diffIds = layers.map(({ bytes }) => digestOf(bytes));
    this.config = Buffer.from(JSON.stringify({ os: 'linux', rootfs: { type: 'layers', diff_ids: diffIds } }));
    this.details = {
      id: digestOf(this.config),
      references: ['app:1'],
      diffIds,
      size: layers.reduce((sum, { bytes }) => sum + bytes.byteLength, 0),
      platform: { os: 'linux', architecture: 'amd64' },
      createdAt: undefined,
    };
  }

  inspect(image: string): Promise<ImageDetails> {
    this.inspected++;
    if (image !== this.details.id && !this.details.references.includes(image)) {
      return Promise.reject(new TeaChestError('imageNotFound', `The engine has no image ${image}.`));
    }
    return Promise.resolve(this.details);
  }

  async *exportImages(
    _images: readonly ImageDetails[],
    { signal, onReceived }: ExportOptions,
  ): AsyncGenerator<ArchiveItem> {
    this.opened++;
    const paths: string[] = [];
    const given = new Set<string>();
    let received = 0;
    yield* this.extra;
    for (const [index, layer] of this.#layers.entries()) {
      const diffId = digestOf(layer.bytes);
      const path = `blobs/${diffId}`;
      paths.push(path);
      if (given.has(path)) continue;
      given.add(path);
      const bytes = layer.sent ?? layer.bytes;
      const body = this.#body(index, bytes, signal);
      yield {
        kind: 'layer',
        path,
        size: bytes.byteLength,
        expectedDiffId: layer.named === false ? undefined : diffId,
        body,
      };
      received += bytes.byteLength;
      onReceived(received);
    }
    if (!this.endsEarly) yield { kind: 'image', id: this.details.id, config: this.config, layers: paths };
  }

  async *exportBlobs(
    _image: ImageDetails,
    { signal, onReceived, platform }: ExportBlobsOptions,
  ): AsyncGenerator<ArchiveBlob> {
    this.opened++;
    this.exportedPlatform = platform;
    this.readBlobs.length = 0;
    let received = 0;
    const named = this.stored.map((bytes) => ({ digest: digestOf(bytes), bytes }));
    for (const { digest, bytes } of named.sort((a, b) => (a.digest < b.digest ? -1 : 1))) {
      yield { digest, size: bytes.byteLength, body: this.#blobBody(digest, bytes, signal) };
      received += bytes.byteLength;
      onReceived(received);
    }
  }

  async *#blobBody(digest: Digest, bytes: Uint8Array, signal: AbortSignal): AsyncGenerator<Uint8Array> {
    this.readBlobs.push(digest);
    for (let at = 0; at < bytes.byteLength; at += 65536) {
      await this.onChunk(this.readBlobs.length - 1, at);
      signal.throwIfAborted();
      // The memory of a piece is used again.
      const piece = Buffer.from(bytes.subarray(at, at + 65536));
      yield piece;
      piece.fill(0xee);
    }
  }

  async *#body(index: number, bytes: Uint8Array, signal: AbortSignal): AsyncGenerator<Uint8Array> {
    this.read.push(index);
    for (let at = 0; at < bytes.byteLength; at += 65536) {
      await this.onChunk(index, at);
      signal.throwIfAborted();
      yield bytes.subarray(at, at + 65536);
    }
  }
}

/** A registry's repository in memory, which checks what it is given as a real one does. */
export class FakeRepository implements BlobTarget {
  readonly repository: string;
  kind: 'gitea' | 'forgejo' | 'generic' = 'gitea';
  isNear = false;
  movedTo: string | undefined;
  readonly blobs = new Map<Digest, Uint8Array>();
  readonly elsewhere = new Map<Digest, Uint8Array>();
  readonly manifests = new Map<string, Buffer>();
  readonly calls: string[] = [];
  openSessions = 0;
  /** Answers that somebody still reads. */
  openReads = 0;
  /** Bytes that blobs were sent with, whatever became of them. */
  sentBytes = 0;
  /** Called at the beginning of each call with its name; may throw. */
  onCall: (call: string) => Promise<void> | void = () => undefined;
  /** Bytes taken in one go by an upload. */
  chunk = 100_000;

  constructor(repository = 'dev/app') {
    this.repository = repository;
  }

  async checkAccess(): Promise<void> {
    await this.#begin('checkAccess');
  }

  async headManifest(reference: string): Promise<StoredManifest | undefined> {
    await this.#begin(`headManifest ${reference}`);
    const bytes = this.#manifest(reference);
    return (
      bytes && {
        digest: digestOf(bytes),
        mediaType: mediaTypes.ociManifest,
        size: bytes.byteLength,
      }
    );
  }

  async listTags(): Promise<string[]> {
    await this.#begin('listTags');
    return [...this.manifests.keys()];
  }

  async getManifest(reference: string): Promise<Uint8Array | undefined> {
    await this.#begin(`getManifest ${reference}`);
    return this.#manifest(reference);
  }

  async getBlob(digest: Digest): Promise<Uint8Array | undefined> {
    await this.#begin('getBlob');
    return this.blobs.get(digest) ?? this.#manifestBlob(digest);
  }

  async *readBlob(digest: Digest): AsyncGenerator<Uint8Array> {
    await this.#begin('readBlob');
    const blob = this.blobs.get(digest);
    if (blob === undefined) throw new TeaChestError('registryRefused', `There is no blob ${digest}.`);
    this.openReads++;
    try {
      for (let at = 0; at < blob.byteLength; at += 65_536) yield blob.subarray(at, at + 65_536);
    } finally {
      this.openReads--;
    }
  }

  async headBlob(digest: Digest): Promise<number | undefined> {
    await this.#begin('headBlob');
    return (this.blobs.get(digest) ?? this.#manifestBlob(digest))?.byteLength;
  }

  async mountBlob(digest: Digest, from: string | undefined): Promise<boolean> {
    await this.#begin(`mountBlob ${from ?? 'anywhere'}`);
    const blob = this.elsewhere.get(digest);
    if (blob === undefined) return false;
    this.blobs.set(digest, blob);
    return true;
  }

  async uploadBlob(source: BlobSource, { signal, onSent, session }: UploadOptions): Promise<void> {
    const used = session ?? this.#newSession();
    try {
      await this.#begin('uploadBlob');
      const parts: Uint8Array[] = [];
      let sent = 0;
      const take = (piece: Uint8Array): void => {
        signal.throwIfAborted();
        parts.push(Buffer.from(piece));
        sent += piece.byteLength;
      };
      if (!source.replayable) {
        for await (const piece of source.bytes) {
          await this.#begin('streamed');
          take(piece);
          onSent(sent);
        }
        this.#store(source.digest, Buffer.concat(parts));
        return;
      }
      for (;;) {
        const { bytes, complete } = await source.available(sent, this.chunk, signal);
        await this.#begin('chunk');
        for await (const piece of source.read(sent, Math.min(bytes, sent + this.chunk))) take(piece);
        onSent(sent);
        if (complete && sent === bytes) break;
      }
      this.#store((await source.finished).digest, Buffer.concat(parts));
    } finally {
      await used.close(signal);
    }
  }

  async openSession(digest: Digest | undefined): Promise<UploadSession | undefined> {
    await this.#begin('openSession');
    // Gitea finds the blobs of this repository as well.
    const found = digest && (this.blobs.get(digest) ?? this.elsewhere.get(digest));
    if (this.kind !== 'generic' && digest !== undefined && found !== undefined) {
      this.blobs.set(digest, found);
      return undefined;
    }
    return this.#newSession();
  }

  #newSession(): UploadSession {
    this.openSessions++;
    const session: UploadSession = {
      location: new URL(`https://gitea.test/v2/${this.repository}/blobs/uploads/${this.openSessions}`),
      close: () => {
        if (session.location !== undefined) this.openSessions--;
        session.location = undefined;
        return Promise.resolve();
      },
    };
    return session;
  }

  async putManifest(reference: string, bytes: Uint8Array): Promise<Digest> {
    await this.#begin('putManifest');
    const manifest = JSON.parse(Buffer.from(bytes).toString()) as ImageManifest;
    const index = manifest as { readonly manifests?: readonly { readonly digest: Digest }[] };
    for (const { digest } of index.manifests ?? []) {
      if (this.manifests.has(digest)) continue;
      const facts = { codes: ['MANIFEST_BLOB_UNKNOWN'] };
      throw new TeaChestError('registryRefused', `The registry does not have the manifest ${digest}.`, { facts });
    }
    const blobs = index.manifests === undefined ? [manifest.config, ...manifest.layers] : [];
    for (const { digest, size } of blobs) {
      if (this.blobs.get(digest)?.byteLength !== size) {
        const facts = { codes: ['BLOB_UNKNOWN'] };
        throw new TeaChestError('registryRefused', `The registry does not have the blob ${digest}.`, { facts });
      }
    }
    this.manifests.set(reference, Buffer.from(bytes));
    return digestOf(bytes);
  }

  /** The uncompressed layers and the config behind a tag. */
  pull(reference: string): { config: Buffer; layers: Buffer[] } {
    const manifest = JSON.parse(String(this.manifests.get(reference))) as ImageManifest;
    const get = (digest: Digest): Buffer => Buffer.from(this.blobs.get(digest) ?? []);
    return {
      config: get(manifest.config.digest),
      layers: manifest.layers.map(({ digest, mediaType }) => {
        const isTar = mediaType === mediaTypes.dockerLayer || mediaType === mediaTypes.ociLayer;
        return isTar ? get(digest) : gunzipSync(get(digest));
      }),
    };
  }

  /** By tag or digest. */
  #manifest(reference: string): Buffer | undefined {
    return this.manifests.get(reference) ?? [...this.manifests.values()].find((one) => digestOf(one) === reference);
  }

  /** Gitea serves manifests under `blobs/` as well. */
  #manifestBlob(digest: Digest): Buffer | undefined {
    return this.kind === 'generic' ? undefined : this.#manifest(digest);
  }

  async #begin(call: string): Promise<void> {
    this.calls.push(call);
    await this.onCall(call);
  }

  #store(digest: Digest, bytes: Uint8Array): void {
    this.sentBytes += bytes.byteLength;
    if (digestOf(bytes) !== digest) throw new TeaChestError('registryRefused', 'DIGEST_INVALID');
    this.blobs.set(digest, bytes);
  }
}

/** Compresses for real, in one piece. */
export const plainGzip: LayerCodec = gzipCodec('test-gzip', { level: 1 });

/** For large random layers: blocks of DEFLATE without compression, made quickly; memLevel makes them differ from an engine's. */
export const quickGzip: LayerCodec = gzipCodec('test-quick-gzip', { level: 0, memLevel: 4 });

function gzipCodec(id: string, options: ZlibOptions): LayerCodec {
  return {
    id,
    isIdentity: false,
    mediaType: mediaTypes.ociLayerGzip,
    async *encode(tar: AsyncIterable<Uint8Array>, { signal }: CallOptions) {
      const parts: Uint8Array[] = [];
      // A copy: a piece's memory is used again once the next one is asked for.
      for await (const part of tar) parts.push(Buffer.from(part));
      signal.throwIfAborted();
      yield gzipSync(Buffer.concat(parts), options);
    },
  };
}

/** Passes on what comes, as it comes. */
export const noCompression: LayerCodec = {
  id: 'test-none',
  isIdentity: true,
  mediaType: mediaTypes.ociLayer,
  encode: (tar) => tar,
};
