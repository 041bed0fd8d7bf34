import { LRUCache } from 'lru-cache';
import { isCancelled, toTeaChestError, type TeaChestError } from '../../../core/base/errors.ts';
import { Semaphore } from '../../../core/base/semaphore.ts';
import { describeManifest, type ManifestDescription } from '../../../core/gitea/browse/describeManifest.ts';
import type { Digest } from '../../../core/oci/digest.ts';
import type { RegistryBrowser } from '../../registry/registryBrowser.ts';
import type { DigestNode, TagNode } from './registryTree.ts';

/** `gone`: there is no such tag any more. */
export type TagDetail = ManifestDescription | 'gone' | { readonly failure: TeaChestError };

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
  /** Platforms by the digest of the config, which never change. */
  readonly #platforms = new LRUCache<Digest, string>({ max: 5_000 });
  #semaphore = new Semaphore(parallelReads);
  #stop = new AbortController();
  #changed: string[] = [];
  #timer: NodeJS.Timeout | undefined;

  /** `onRead`: the rows of these IDs can be shown in full now. */
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
    for (const node of nodes) if (!this.#details.has(node.id)) void this.read(node);
  }

  async read(node: TagNode | DigestNode): Promise<TagDetail> {
    const reading = this.#details.get(node.id) ?? this.#read(node, this.#stop.signal);
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
    this.#known.set(node.id, detail);
    this.#changed.push(node.id);
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#onRead(this.#changed.splice(0));
    }, updateInterval);
    return detail;
  }

  async #ask(node: TagNode | DigestNode, stopped: AbortSignal): Promise<TagDetail> {
    const call = { signal: AbortSignal.any([stopped, AbortSignal.timeout(requestTimeout)]) };
    const contents = await this.#browser.contents(node.connection);
    const repository = await contents.open(node.repository, call);
    const reference = node.type === 'tag' ? node.tag : node.digest;
    return (await describeManifest(repository, reference, call, this.#platforms)) ?? 'gone';
  }
}
