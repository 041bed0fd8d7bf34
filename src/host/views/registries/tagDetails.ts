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
    const facts = factsIn(detail);
    if (facts?.kind === 'index') void this.#addSize(node, facts, stopped);
    return detail;
  }

  /** An index has no size of its own, so its images are read, after what the rows show at once. */
  async #addSize(node: TagNode | DigestNode, facts: TagFacts, stopped: AbortSignal): Promise<void> {
    try {
      const size = await this.#semaphore.run(async () => {
        const call = callUntil(stopped);
        const repository = await (await this.#browser.contents(node.connection)).open(node.repository, call);
        return await sizeOfIndex(repository, facts.children, call, this.#blobs);
      }, stopped);
      if (size !== undefined && !stopped.aborted) this.#show(node, { ...facts, size });
    } catch {
      // The row has its digest and platforms. Each image says below the tag why it could not be read.
    }
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
    return described === undefined ? 'gone' : { ...described, version };
  }
}

/** Undefined if it could not be read, or there is no such thing. */
export function factsIn(detail: TagDetail | undefined): TagFacts | undefined {
  return detail === undefined || detail === 'gone' || 'failure' in detail ? undefined : detail;
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
