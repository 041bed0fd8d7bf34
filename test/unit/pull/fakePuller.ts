import { buffer } from 'node:stream/consumers';
import { Readable } from 'node:stream';
import { extract } from 'tar-stream';
import { TeaChestError } from '../../../src/core/base/errors.ts';
import { digestOf, type Digest } from '../../../src/core/oci/digest.ts';
import { readManifest } from '../../../src/core/oci/manifest.ts';
import type {
  EngineDescription,
  EnginePuller,
  EnginePullOptions,
  EnginePullStep,
  PullName,
} from '../../../src/core/ports/enginePuller.ts';
import type { EngineImageName } from '../../../src/core/ports/enginePusher.ts';
import type { ImageDetails } from '../../../src/core/ports/imageSource.ts';
import { RelayClient } from '../relay/relayClient.ts';

type Credential = EnginePullOptions['credential'];

/** A classic engine that pulls by http from our endpoint and unpacks archives; every blob must hash to its digest. */
export class FakePuller implements EnginePuller {
  isConfidential = true;
  whyNotLocal: string | undefined;
  readonly images = new Map<string, Digest>();
  /** What was done, in order. */
  readonly calls: string[] = [];
  description: EngineDescription = {
    name: 'Docker 28.5.2',
    platform: { os: 'linux', architecture: 'amd64' },
    store: 'classic',
    readsZstd: true,
    isInsecure: false,
    isRedirected: false,
  };
  /** What it says of a registry that is not our endpoint. */
  direct: string | ((name: PullName, credential: Credential) => Digest) = 'no such host';
  isReachable = true;
  /** Called with each path that it asks our endpoint for. */
  onRequest: (path: string) => void = () => undefined;
  readonly #blobs = new Set<string>();

  get local(): EnginePuller['local'] {
    if (this.whyNotLocal !== undefined) return undefined;
    return {
      id: 'unix:///fake.sock',
      isolation: undefined,
      tag: (image, name) => this.tag(image, name),
      untag: ({ repository, tag }) => this.untag(`${repository}:${tag}`),
      sendProbe: async ({ repository, tag }, credential) => {
        if (this.isReachable) await new RelayClient({ repository, credential }).ask('GET', `manifests/${tag}`);
      },
    };
  }

  describe(): Promise<EngineDescription> {
    return Promise.resolve(this.description);
  }

  inspect(image: string): Promise<ImageDetails> {
    const id = this.images.get(image) ?? [...this.images.values()].find((one) => one === image);
    if (id === undefined) throw new TeaChestError('imageNotFound', `no such image: ${image}`);
    const references = [...this.images].flatMap(([name, one]) => (one === id ? [name] : []));
    const rest = { diffIds: [], size: 1, platform: this.description.platform, createdAt: undefined };
    return Promise.resolve({ id, references, ...rest });
  }

  async *pull(name: PullName, { credential, signal }: EnginePullOptions): AsyncGenerator<EnginePullStep, void, void> {
    const { repository, reference } = name;
    const isOurs = repository.includes('/tea-chest/');
    this.calls.push(isOurs ? 'pull from the endpoint' : `pull ${repository}@${reference}`);
    if (!isOurs) {
      const { direct } = this;
      if (typeof direct === 'string') throw failed(direct);
      this.images.set(`${repository}@${reference}`, direct(name, credential));
      return;
    }
    const client = new RelayClient({ repository, credential: credential ?? { username: '', secret: '' } });
    const ask = async (path: string): Promise<Buffer> => {
      signal.throwIfAborted();
      this.onRequest(path);
      const { status, body } = await client.ask('GET', path);
      if (status !== 200) throw failed(`${status} ${body.toString()}`);
      return body;
    };
    let bytes = await ask(`manifests/${reference}`);
    let read = readManifest(bytes);
    if (read?.kind === 'index') {
      const item = read.manifests.find(({ platform }) => platform?.architecture === 'amd64');
      bytes = await ask(`manifests/${item?.digest ?? ''}`);
      read = readManifest(bytes);
    }
    if (read?.kind !== 'image') throw failed('no manifest');
    for (const { digest } of read.layers) {
      const id = digest.slice('sha256:'.length, 'sha256:'.length + 12);
      if (this.#blobs.has(digest)) {
        yield { id, state: 'exists', current: undefined, total: undefined };
        continue;
      }
      // As docker: a few times again, each by a new request.
      const blob = await retried(() => ask(`blobs/${digest}`));
      if (digestOf(blob) !== digest) throw failed(`filesystem layer verification failed for digest ${digest}`);
      this.#blobs.add(digest);
      yield { id, state: 'downloading', current: blob.byteLength + 512, total: blob.byteLength };
      yield { id, state: 'done', current: undefined, total: undefined };
    }
    await ask(`blobs/${read.config.digest}`);
    this.images.set(`${repository}:${reference}`, read.config.digest);
  }

  async load(archive: AsyncIterable<Uint8Array>): Promise<void> {
    this.calls.push('load');
    const files = new Map<string, Buffer>();
    const entries = extract();
    Readable.from(archive, { objectMode: false })
      .on('error', (error) => {
        entries.destroy(error);
      })
      .pipe(entries);
    for await (const entry of entries) files.set(entry.header.name, await buffer(entry));
    for (const [name, bytes] of files) {
      const [, hex] = /^blobs\/sha256\/(.+)$/.exec(name) ?? [];
      if (hex !== undefined && digestOf(bytes) !== `sha256:${hex}`) throw failed(`${name} has other bytes`);
    }
    const list = JSON.parse(String(files.get('manifest.json'))) as {
      Config: string;
      RepoTags: string[];
      Layers: string[];
    }[];
    for (const { Config, RepoTags, Layers } of list) {
      if (Layers.some((path) => !files.has(path))) throw failed('a layer is missing');
      const digest = digestOf(files.get(Config) ?? Buffer.alloc(0));
      for (const tag of RepoTags) this.images.set(tag, digest);
    }
  }

  async tag(image: string, { repository, tag }: EngineImageName): Promise<void> {
    const { id } = await this.inspect(image);
    this.images.set(`${repository}:${tag}`, id);
  }

  untag(name: string): Promise<void> {
    this.images.delete(name);
    return Promise.resolve();
  }
}

function failed(message: string): TeaChestError {
  return new TeaChestError('engineFailed', `The container engine could not pull the image: ${message}`, {
    facts: { message },
  });
}

async function retried<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch {
    return await work();
  }
}
