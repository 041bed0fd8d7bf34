import type { TaskGroup } from '../../base/taskGroup.ts';
import { peekBytes } from '../../base/peekBytes.ts';
import { digestOf, type Digest } from '../../oci/digest.ts';
import type { Descriptor } from '../../oci/manifest.ts';
import { isForeignLayer } from '../../oci/mediaTypes.ts';
import type { ArchiveBlob, EngineManifest, ImageDetails } from '../../ports/imageSource.ts';
import { chooseManifests, type Selection } from '../chooseManifests.ts';
import { publishedKey } from '../imageIndex.ts';
import type { AttemptContext } from '../pushContext.ts';
import type { BlobForwarder } from '../relay/blobForwarder.ts';
import { ArchiveBlobs, checkDigest } from './archiveBlobs.ts';
import { missingBlobs, unreadableManifest, unsendableLayer } from './storedErrors.ts';
import { StoredManifests, type ManifestGraph } from './storedManifests.ts';

/** White space that a JSON document may begin with, in bytes. */
const maxIndent = 1024;
/** Blobs up to this size are read whole, so that the archive is read on while the registry is asked for them. */
const smallBlob = 1024 * 1024;
/** No registry takes a larger manifest: Gitea takes 10 MiB, distribution 4 MiB. */
const maxManifest = 10 * 1024 * 1024;

/** What was read of the archive so far. */
export class StoredReading {
  selection: Selection;
  graph: ManifestGraph;
  readonly #context: AttemptContext;
  readonly #blobs: ArchiveBlobs;
  readonly #forwarder: BlobForwarder;
  readonly #group: TaskGroup;
  readonly #manifests = new StoredManifests();
  #isGraphKnown = false;

  constructor(context: AttemptContext, forwarder: BlobForwarder, group: TaskGroup) {
    this.#context = context;
    this.#forwarder = forwarder;
    this.#group = group;
    this.#blobs = new ArchiveBlobs(forwarder, group);
    this.selection = context.selection;
    this.graph = this.#walk();
  }

  /** True once everything has come that is published, or the registry has it. */
  isComplete(): boolean {
    return this.#isGraphKnown && this.#unsettled().length === 0;
  }

  /** An image that was pushed before: where the registry has its manifests, nothing may have to be read. */
  async recall(): Promise<void> {
    const { cache, image, selection, target, usesCache, logger } = this.#context;
    const key = publishedKey(image, selection);
    const published = usesCache && key !== undefined ? cache.published(key) : undefined;
    const { signal } = this.#group;
    for (let asked = published === undefined ? [] : this.graph.absent; asked.length > 0;) {
      const found = await Promise.all(
        asked.map(async (digest) => {
          const bytes = Buffer.from((await target.getManifest(digest, { signal })) ?? []);
          return digestOf(bytes) === digest && this.#manifests.add(digest, bytes);
        }),
      );
      this.graph = this.#walk();
      if (found.includes(false)) break;
      asked = this.graph.absent;
    }
    if (published === undefined) return;
    await this.#lookAhead();
    if (this.isComplete()) logger.debug(`The registry has all blobs of ${image.id}; nothing is exported.`);
  }

  async take(blob: ArchiveBlob): Promise<void> {
    const { digest, size } = blob;
    if (this.#manifests.has(digest) || this.#blobs.isSettled(digest)) return;
    if (this.#isGraphKnown && !this.graph.blobs.has(digest)) return;
    const { head, body } = await peekBytes(blob.body, maxIndent);
    const mayBeManifest = size <= maxManifest && beginsLikeJson(head);
    if (!mayBeManifest && size > smallBlob) {
      await this.#blobs.sendBody(blob, body);
      return;
    }
    const bytes = await readWhole(body);
    checkDigest(blob, digestOf(bytes), bytes.byteLength);
    if (mayBeManifest && this.#manifests.add(digest, bytes)) await this.#lookAhead();
    else if (size > smallBlob) await this.#blobs.sendBody(blob, bodyOf(bytes));
    else await this.#blobs.sendBytes({ digest, size }, bytes);
  }

  /** The archive has ended, or nothing more of it is needed. Whatever has not come must be in the registry. */
  async finish(): Promise<void> {
    if (this.isComplete()) return;
    const { image } = this.#context;
    this.graph = this.#walk();
    await this.#blobs.find(this.graph.blobs.keys());
    if (this.selection.kind === 'unlisted') {
      const isStored = (digest: Digest): boolean => this.#blobs.isSettled(digest);
      const manifests = this.#manifests.list(image.id, isStored);
      this.selection = selectListed(image, manifests, this.selection.platform);
      this.graph = this.#walk();
    }
    if (this.graph.manifests.length === 0) throw unreadableManifest(image);
    const missing = this.#unsettled();
    if (this.graph.absent.length > 0 || missing.length > 0) throw missingBlobs(image, this.graph.absent, missing);
  }

  /** Once all manifests are there, it is known which blobs are needed, and the registry can be asked for all of them. */
  async #lookAhead(): Promise<void> {
    if (this.selection.kind === 'unlisted' && this.selection.platform !== undefined) return;
    const graph = this.#walk();
    const refused = unsendableLayer(graph, this.#context);
    if (refused !== undefined && (await this.#forwarder.headBlob(refused.digest)) === undefined) throw refused.error;
    if (graph.absent.length > 0) return;
    this.graph = graph;
    this.#isGraphKnown = true;
    await this.#blobs.find(graph.blobs.keys());
  }

  /** Layers that may not be distributed never come; a registry that takes the image all the same needs none of them. */
  #unsettled(): readonly Descriptor[] {
    return [...this.graph.blobs.values()].filter(
      ({ digest, mediaType }) => !isForeignLayer(mediaType) && !this.#blobs.isSettled(digest),
    );
  }

  #walk(): ManifestGraph {
    const { image } = this.#context;
    const { selection } = this;
    switch (selection.kind) {
      case 'manifest':
        return this.#manifests.graphOf({ digest: selection.manifest.digest, mediaType: undefined });
      case 'available':
        return this.#manifests.graphOf({ digest: image.id, mediaType: image.manifestType }, selection.digests);
      default:
        return this.#manifests.graphOf({ digest: image.id, mediaType: image.manifestType });
    }
  }
}

/** Decides as for an engine that lists the manifests. */
function selectListed(
  image: ImageDetails,
  manifests: readonly EngineManifest[],
  platform: string | undefined,
): Selection {
  const listed = manifests.length === 0 ? {} : { manifests };
  return chooseManifests({ ...image, storesBlobs: undefined, ...listed }, platform);
}

// eslint-disable-next-line @typescript-eslint/require-await -- a body is asynchronous, these bytes are in memory
async function* bodyOf(bytes: Buffer): AsyncGenerator<Uint8Array> {
  yield bytes;
}

const jsonWhiteSpace = Buffer.from(' \t\r\n');
const openingBrace = 0x7b;

function beginsLikeJson(head: Uint8Array): boolean {
  return head.find((byte) => !jsonWhiteSpace.includes(byte)) === openingBrace;
}

async function readWhole(body: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks);
}
