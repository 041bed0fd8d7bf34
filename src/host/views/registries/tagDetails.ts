import { LRUCache } from 'lru-cache';
import { isCancelled, toTeaChestError, type TeaChestError } from '../../../core/base/errors.ts';
import { Semaphore } from '../../../core/base/semaphore.ts';
import {
  describeManifest,
  sizeOfIndex,
  type Blob,
  type ManifestDescription,
} from '../../../core/gitea/browse/describeManifest.ts';
import { packageOf, type BrowseCall, type RegistryContents } from '../../../core/gitea/browse/registryContents.ts';
import type { PackageVersion } from '../../../core/gitea/restRows.ts';
import type { Digest } from '../../../core/oci/digest.ts';
import type { RegistryBrowser } from '../../registry/registryBrowser.ts';
import type { DigestNode, TagNode } from './registryTree.ts';

/** What is read of a tag or digest after its row is shown. */
export interface TagFacts extends ManifestDescription {
  /** Who pushed the tag, and when, if its row was made without. */
  readonly version?: PackageVersion | undefined;
}

/** `gone`: there is no such tag any more. */
export type TagDetail = TagFacts | 'gone' | { readonly failure: TeaChestError };

/** Requests at the same time: the person may expand more, or push, meanwhile. */
const parallelReads = 4;
/** Milliseconds between updates of the rows. */
const updateInterval = 150;
const requestTimeout = 20_000;

/** Reads what tags stand for, after their rows are shown. */
export class TagDetails {
  readonly #browser: Pick<RegistryBrowser, 'contents'>;
  readonly #onRead: (ids: readonly string[]) => void;
  readonly #details = new Map<string, Promise<TagDetail>>();
  readonly #known = new Map<string, TagDetail>();
  /** Platforms by the digest of the config, and blobs by that of the manifest, which never change. */
  readonly #platforms = new LRUCache<Digest, string>({ max: 5_000 });
  readonly #blobs = new LRUCache<Digest, readonly Blob[]>({ max: 2_000 });
  #semaphore = new Semaphore(parallelReads);
  #stop = new AbortController();
  #changed: string[] = [];
  #timer: NodeJS.Timeout | undefined;

  /** `onRead`: the rows of these IDs can be shown with more. */
  constructor(browser: Pick<RegistryBrowser, 'contents'>, onRead: (ids: readonly string[]) => void) {
    this.#browser = browser;
    this.#onRead = onRead;
  }

  /** Undefined: not read yet. */
  known(node: TagNode | DigestNode): TagDetail | undefined {
    return this.#known.get(node.id);
  }

  /** Reads those that are not known or being read. */
  request(nodes: readonly (TagNode | DigestNode)[]): void {
    for (const node of nodes) void this.read(node);
  }

  /** What is known, or being read. What has failed is read again. */
  async read(node: TagNode | DigestNode): Promise<TagDetail> {
    const known = this.#known.get(node.id);
    const hasFailed = known !== undefined && failureOf(known) !== undefined;
    const reading = (hasFailed ? undefined : this.#details.get(node.id)) ?? this.#read(node, this.#stop.signal);
    if (hasFailed) this.#known.delete(node.id);
    this.#details.set(node.id, reading);
    return await reading;
  }

  /** Removes everything: tags may stand for something else now. */
  clear(): void {
    this.#stop.abort();
    this.#stop = new AbortController();
    this.#semaphore = new Semaphore(parallelReads);
    this.#details.clear();
    this.#known.clear();
    this.#changed = [];
  }

  dispose(): void {
    this.#stop.abort();
    clearTimeout(this.#timer);
  }

  async #read(node: TagNode | DigestNode, stopped: AbortSignal): Promise<TagDetail> {
    let detail: TagDetail;
    try {
      detail = await this.#semaphore.run(() => this.#ask(node, stopped), stopped);
    } catch (error) {
      detail = { failure: toTeaChestError(error, 'browse') };
      if (isCancelled(error) || stopped.aborted) return detail;
    }
    if (stopped.aborted) return detail;
    this.#show(node, detail);
    return detail;
  }

  /**
   * Adds the size of an index, for which each of its images is read. So this is not done for a list of rows: Docker Hub
   * counts the GET of a manifest as a pull.
   */
  async readSize(node: TagNode | DigestNode, signal: AbortSignal): Promise<void> {
    const detail = this.#known.get(node.id);
    const facts = factsIn(detail);
    if (facts === undefined || !lacksSize(detail)) return;
    const stopped = AbortSignal.any([this.#stop.signal, signal]);
    try {
      const size = await this.#semaphore.run(async () => {
        const call = callUntil(stopped);
        const repository = await (await this.#browser.contents(node.connection)).open(node.repository, call);
        return await sizeOfIndex(repository, facts.children, call, this.#blobs);
      }, stopped);
      // The row shows it when it is next updated: an update now would close the tooltip.
      if (size !== undefined && !stopped.aborted) this.#known.set(node.id, { ...facts, size });
    } catch {
      // The row has its digest and platforms. Each image says below the tag why it could not be read.
    }
  }

  /** Adds the size of an index to its row, once its images are read for their own rows. */
  async addSize(node: TagNode, images: readonly DigestNode[]): Promise<void> {
    const stopped = this.#stop.signal;
    const details = await Promise.all(images.map((image) => this.read(image)));
    if (!lacksSize(this.#known.get(node.id)) || details.some((detail) => factsIn(detail)?.kind !== 'image')) return;
    await this.readSize(node, stopped);
    const sized = this.#known.get(node.id);
    if (!stopped.aborted && sized !== undefined && !lacksSize(sized)) this.#show(node, sized);
  }

  #show(node: TagNode | DigestNode, detail: TagDetail): void {
    this.#known.set(node.id, detail);
    this.#changed.push(node.id);
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#onRead(this.#changed.splice(0));
    }, updateInterval);
  }

  async #ask(node: TagNode | DigestNode, stopped: AbortSignal): Promise<TagDetail> {
    const call = callUntil(stopped);
    const contents = await this.#browser.contents(node.connection);
    const repository = await contents.open(node.repository, call);
    const reference = node.type === 'tag' ? node.tag : node.digest;
    const [described, version] = await Promise.all([
      describeManifest(repository, reference, call, this.#platforms),
      readVersion(contents, node, call),
    ]);
    if (described?.kind === 'image') this.#blobs.set(described.digest, described.blobs);
    return described === undefined ? 'gone' : { ...described, version };
  }
}

/** Undefined if it could not be read, or there is no such thing. */
export function factsIn(detail: TagDetail | undefined): TagFacts | undefined {
  return detail === undefined || detail === 'gone' || 'failure' in detail ? undefined : detail;
}

/** Of an index whose images were not read. */
export function lacksSize(detail: TagDetail | undefined): boolean {
  const facts = factsIn(detail);
  return facts?.kind === 'index' && facts.size === undefined;
}

export function failureOf(detail: TagDetail | undefined): TeaChestError | undefined {
  return detail !== undefined && detail !== 'gone' && 'failure' in detail ? detail.failure : undefined;
}

/** The registry lists the tags of a large image by name alone. A row without its push is still of use. */
async function readVersion(
  { packages }: RegistryContents,
  node: TagNode | DigestNode,
  call: BrowseCall,
): Promise<PackageVersion | undefined> {
  if (packages === undefined || node.type !== 'tag' || node.version !== undefined) return undefined;
  return await packages.version(packageOf(node), node.tag, call).catch(() => undefined);
}

function callUntil(stopped: AbortSignal): BrowseCall {
  return { signal: AbortSignal.any([stopped, AbortSignal.timeout(requestTimeout)]) };
}
