import type { sleep } from '../../../core/base/cancel.ts';
import { toTeaChestError } from '../../../core/base/errors.ts';
import type { Logger } from '../../../core/base/logger.ts';
import type { Engine, EngineLink } from '../../engine/engine.ts';
import { listShownImages } from '../../engine/listShownImages.ts';

/** Milliseconds without an event after which a build is over: it gives its image several tags. */
const quietMs = 1_000;
const shortestRetryMs = 1_000;
const longestRetryMs = 60_000;

export interface BuildWatchDependencies {
  readonly link: EngineLink;
  readonly logger: Logger;
  readonly wait: typeof sleep;
  /** The image ID for each `repository:tag` that Tea Chest has pulled; undefined while it is being pulled. */
  readonly pulledNames: () => ReadonlyMap<string, string | undefined>;
  /** Each `repository:tag` that stands for another image than before. */
  readonly onBuilt: (references: readonly string[]) => void;
  /** Called when builds are noticed from here on, or not any more. */
  readonly onFollowing: (isFollowing: boolean) => void;
}

/** The image ID for each `repository:tag`. */
type Names = ReadonlyMap<string, string>;

/**
 * Follows the engine, and reports names that were given to another image: by a build, `docker tag` or `docker load`, and not
 * by a pull. The lists of images before and after are compared, because engines send different events for a build.
 * Temporary names of pushes are in no list (`listShownImages`).
 */
export class BuildWatch {
  readonly #dependencies: BuildWatchDependencies;
  readonly #stop = new AbortController();
  /** The engine whose events are followed. */
  #engine: Engine | undefined;
  #known: Names | undefined;
  #pulled = new Set<string>();
  #events = 0;
  #isSettling = false;

  constructor(dependencies: BuildWatchDependencies) {
    this.#dependencies = dependencies;
    void this.#follow(this.#stop.signal);
  }

  dispose(): void {
    this.#stop.abort();
  }

  async #follow(signal: AbortSignal): Promise<void> {
    const { link, logger, wait, onFollowing } = this.#dependencies;
    const isOver = (): boolean => signal.aborted;
    for (let delay = shortestRetryMs; !isOver(); delay = Math.min(delay * 2, longestRetryMs)) {
      try {
        const engine = await link.get();
        // It may be another engine, or have another image store: what it has already is not new.
        this.#engine = engine;
        this.#known = undefined;
        for await (const { action, image } of engine.events({ signal })) {
          delay = shortestRetryMs;
          if (action === 'pull' && image !== undefined) this.#pulled.add(pulledName(image));
          this.#events++;
          if (!this.#isSettling) void this.#settle(signal);
        }
      } catch (error) {
        if (!isOver()) logger.debug(`Builds are not followed at present: ${toTeaChestError(error).message}`);
      }
      if (isOver()) return;
      onFollowing(false);
      link.reset();
      await wait(delay, signal).catch(() => undefined);
    }
  }

  /** Compares the names once the events have ceased. What could not be compared is compared later, without another event. */
  async #settle(signal: AbortSignal): Promise<void> {
    const { logger, wait } = this.#dependencies;
    const isOver = (): boolean => signal.aborted;
    this.#isSettling = true;
    let seen: number | undefined;
    for (let delay = shortestRetryMs; seen !== this.#events && !isOver();) {
      const latest = this.#events;
      try {
        // The first list is what there is already: it is read at once.
        if (this.#known !== undefined) await wait(quietMs, signal);
        if (latest === this.#events) await this.#compare(signal);
        seen = latest;
      } catch (error) {
        if (isOver()) break;
        logger.debug(`The images were not compared: ${toTeaChestError(error).message}`);
        // If the wait is cancelled, the loop ends.
        await wait(delay, signal).catch(() => undefined);
        delay = Math.min(delay * 2, longestRetryMs);
      }
    }
    this.#isSettling = false;
  }

  async #compare(signal: AbortSignal): Promise<void> {
    const { pulledNames, onBuilt, onFollowing } = this.#dependencies;
    const engine = this.#engine;
    if (engine === undefined) return;
    const pulled = this.#pulled;
    this.#pulled = new Set();
    const images = await listShownImages(engine, { signal }).catch((error: unknown) => {
      this.#pulled = new Set([...pulled, ...this.#pulled]);
      throw error;
    });
    if (this.#engine !== engine) return;
    const names = new Map(images.flatMap(({ id, references }) => references.map((name) => [name, id] as const)));
    const before = this.#known;
    this.#known = names;
    if (signal.aborted) return;
    onFollowing(true);
    if (before === undefined) return;
    const ours = pulledNames();
    const isPulled = (name: string, id: string): boolean =>
      [name, id, repositoryOf(name)].some((one) => pulled.has(one)) ||
      (ours.has(name) && (ours.get(name) ?? id) === id);
    const built = [...names].filter(([name, id]) => before.get(name) !== id && !isPulled(name, id));
    if (built.length > 0) onBuilt(built.map(([name]) => name));
  }
}

/** As engines list a name of Docker Hub. Of a name with a digest the repository: the image gets its tag after the pull. */
function pulledName(reference: string): string {
  return reference.replace(/^docker\.io\/(?:library\/)?/, '').replace(/@.*$/, '');
}

function repositoryOf(name: string): string {
  return name.slice(0, name.lastIndexOf(':'));
}
