import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { TeaChestError } from '../../../src/core/base/errors.ts';
import { digestOf, type Digest } from '../../../src/core/oci/digest.ts';
import { mediaTypes } from '../../../src/core/oci/mediaTypes.ts';
import type { CallOptions } from '../../../src/core/ports/callOptions.ts';
import type { EngineImageName, EnginePusher, EnginePushStep } from '../../../src/core/ports/enginePusher.ts';
import { locationOf, RelayClient, type Answer } from './relayClient.ts';

export interface PushableImage {
  readonly layers: readonly Uint8Array[];
  readonly config: Buffer;
  /** Of these layers, counted from 0, containerd's store holds the tar itself, as after `docker load`. */
  readonly uncompressed?: readonly number[];
}

/** Speaks with the relay over http as docker's two stores do, and remembers what they do. */
export class FakePusher implements EnginePusher {
  readonly id = 'unix:///fake.sock';
  readonly tags = new Set<string>();
  pushes = 0;
  probes = 0;
  unreachable = false;
  /** Why the engine refuses to push, before its first request. */
  refusal: string | undefined;
  /** A sentence that the engine says of its push. */
  notice: string | undefined;
  /** `127.0.0.1:port`: who answers on this engine's loopback instead of us. */
  loopback: string | undefined;
  /** Blobs that were asked for once more. */
  resent = 0;
  /** Called before each request; may throw, as a connection that breaks does. */
  onRequest: (method: string, path: string) => Promise<void> | void = () => undefined;
  /** Called once everything was pushed, before the push ends. */
  onPushed: (options: CallOptions) => Promise<void> = () => Promise.resolve();
  /** What a classic store remembers: diffID → the digest it pushed the layer by. */
  readonly known = new Map<Digest, Digest>();
  readonly #image: PushableImage;
  readonly #store: 'classic' | 'containerd';

  constructor(image: PushableImage, store: 'classic' | 'containerd' = 'classic') {
    this.#image = image;
    this.#store = store;
  }

  historySizes(): Promise<readonly number[]> {
    return Promise.resolve(this.#image.layers.map(({ byteLength }) => byteLength));
  }

  tag(_image: string, { repository, tag }: EngineImageName): Promise<void> {
    this.tags.add(`${repository}:${tag}`);
    return Promise.resolve();
  }

  untag({ repository, tag }: EngineImageName): Promise<void> {
    this.tags.delete(`${repository}:${tag}`);
    return Promise.resolve();
  }

  /** As docker's pull: it shows the credential after the challenge. */
  async sendProbe(
    { repository, tag }: EngineImageName,
    credential: { readonly username: string; readonly secret: string },
  ): Promise<void> {
    this.probes++;
    if (this.unreachable) throw new TeaChestError('engineFailed', 'connection refused');
    const seen = repository.replace(/^[^/]+/, this.loopback ?? '$&');
    await new RelayClient({ repository: seen, credential }).ask('GET', `manifests/${tag}`);
    throw new TeaChestError('engineFailed', `no such image ${repository}:${tag}`);
  }

  listTags(): Promise<readonly string[]> {
    return Promise.resolve([...this.tags]);
  }

  async *push(
    name: EngineImageName,
    credential: { readonly username: string; readonly secret: string },
    { signal }: CallOptions,
  ): AsyncGenerator<EnginePushStep> {
    this.pushes++;
    if (this.unreachable) throw new TeaChestError('engineFailed', 'connection refused');
    if (this.refusal !== undefined) throw new TeaChestError('engineFailed', this.refusal);
    const client = new RelayClient({ repository: name.repository, credential });
    const ask: Ask = async (method, path, options) => {
      signal.throwIfAborted();
      await this.onRequest(method, path);
      const answer = await client.ask(method, path, options);
      signal.throwIfAborted();
      // As containerd's client: at once, from the beginning (remotes/docker: retryRequest).
      if (answer.status === 429 && this.#store === 'containerd' && this.resent++ < 5) {
        return await ask(method, path, options);
      }
      if (answer.status >= 400 && method !== 'HEAD') {
        throw new TeaChestError('engineFailed', `the engine's echo of ${answer.status} ${answer.body.toString()}`);
      }
      return answer;
    };
    await ask('GET', '/v2/');
    const descriptors =
      this.#store === 'classic'
        ? await this.#pushLayers(ask)
        : await Promise.all(this.storedBlobs().map((blob) => put(ask, blob)));
    yield { id: undefined, status: 'layers are there', current: undefined, total: undefined };
    const config = await (this.#store === 'classic' ? this.#pushConfig(ask) : put(ask, this.#image.config));
    const body = this.manifest(descriptors, config);
    await ask('PUT', `manifests/${name.tag}`, { body, headers: { 'content-type': mediaTypes.dockerManifest } });
    await this.onPushed({ signal });
    // As docker may: when all has arrived already.
    if (this.notice !== undefined) {
      yield { id: undefined, status: '', current: undefined, total: undefined, notice: this.notice };
    }
  }

  /** Containerd's: the manifest whose digest is the image's ID. */
  storedManifest(): Buffer {
    const describe = (blob: Uint8Array) => ({ digest: digestOf(blob), size: blob.byteLength });
    return Buffer.from(this.manifest(this.storedBlobs().map(describe), describe(this.#image.config)));
  }

  /** The manifest as this engine writes it: with a shape of its own. */
  manifest(
    layers: readonly { readonly digest: Digest; readonly size: number }[],
    config: { readonly digest: Digest; readonly size: number },
  ): string {
    const typed = layers.map((layer, at) => ({ mediaType: this.#layerType(at), ...layer }));
    const typedConfig = { mediaType: mediaTypes.dockerConfig, ...config };
    const manifest = { schemaVersion: 2, mediaType: mediaTypes.dockerManifest, config: typedConfig, layers: typed };
    return JSON.stringify(manifest, null, 3);
  }

  /** What containerd's store holds. */
  storedBlobs(): Uint8Array[] {
    const { layers } = this.#image;
    return layers.map((layer, at) => (this.#isUncompressed(at) ? layer : gzipOf(layer)));
  }

  #isUncompressed(at: number): boolean {
    return this.#store === 'containerd' && this.#image.uncompressed?.includes(at) === true;
  }

  #layerType(at: number): string {
    return this.#isUncompressed(at) ? mediaTypes.dockerLayer : mediaTypes.dockerLayerGzip;
  }

  /** As moby's distribution/push_v2.go: HEAD of what is remembered; else POST, one PATCH while compressing, PUT, HEAD. */
  async #pushLayers(ask: Ask): Promise<{ digest: Digest; size: number }[]> {
    const descriptors: { digest: Digest; size: number }[] = [];
    for (const layer of this.#image.layers) {
      const diffId = digestOf(layer);
      const known = this.known.get(diffId);
      if (known !== undefined) {
        const head = await ask('HEAD', `blobs/${known}`);
        if (head.status === 200) {
          descriptors.push({ digest: known, size: Number(head.headers.get('content-length')) });
          continue;
        }
        this.known.delete(diffId);
      }
      descriptors.push(await this.#upload(ask, diffId, gzipOf(layer)));
    }
    return descriptors;
  }

  async #upload(ask: Ask, diffId: Digest, blob: Buffer): Promise<{ digest: Digest; size: number }> {
    const session = locationOf(await ask('POST', 'blobs/uploads/'));
    const hash = createHash('sha256');
    let at = 0;
    const body = new ReadableStream<Uint8Array<ArrayBuffer>>(
      {
        pull(controller) {
          const piece = new Uint8Array(blob.subarray(at, at + 16_384));
          at += piece.byteLength;
          hash.update(piece);
          if (piece.byteLength > 0) controller.enqueue(piece);
          else controller.close();
        },
      },
      { highWaterMark: 0 },
    );
    const patch = await ask('PATCH', session, { body });
    const [, last = ''] = /^0-(\d+)$/.exec(patch.headers.get('range') ?? '') ?? [];
    const digest: Digest = `sha256:${hash.digest('hex')}`;
    await ask('PUT', locationOf(patch), { query: { digest } });
    this.known.set(diffId, digest);
    return { digest, size: Number(last) + 1 };
  }

  async #pushConfig(ask: Ask): Promise<{ digest: Digest; size: number }> {
    const { config } = this.#image;
    const digest = digestOf(config);
    const descriptor = { digest, size: config.byteLength };
    if ((await ask('HEAD', `blobs/${digest}`)).status === 200) return descriptor;
    const session = locationOf(await ask('POST', 'blobs/uploads/'));
    const patch = await ask('PATCH', session, { body: new Uint8Array(config) });
    await ask('PUT', locationOf(patch), { query: { digest } });
    return descriptor;
  }
}

/** Layers in this engine's gzip. Blocks that are only stored take no time, and differ from what we compress ourselves. */
function gzipOf(layer: Uint8Array): Buffer {
  let gzip = gzips.get(layer);
  if (gzip === undefined) gzips.set(layer, (gzip = gzipSync(layer, { level: 0 })));
  return gzip;
}

const gzips = new WeakMap<Uint8Array, Buffer>();

type Ask = (method: string, path: string, options?: Parameters<RelayClient['ask']>[2]) => Promise<Answer>;

/** As containerd's remotes/docker/pusher.go: HEAD, POST, one PUT with everything. */
async function put(ask: Ask, blob: Uint8Array): Promise<{ digest: Digest; size: number }> {
  const digest = digestOf(blob);
  if ((await ask('HEAD', `blobs/${digest}`)).status !== 200) {
    const session = locationOf(await ask('POST', 'blobs/uploads/'));
    await ask('PUT', session, { query: { digest }, body: new Uint8Array(blob) });
  }
  return { digest, size: blob.byteLength };
}
