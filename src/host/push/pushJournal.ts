import { randomBytes } from 'node:crypto';
import { readdir, readFile, rename, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { parseJson } from '../../core/base/json.ts';
import type { Logger } from '../../core/base/logger.ts';
import {
  formatIdentity,
  hasEnded,
  heartbeatMs,
  identityPattern,
  parseIdentity,
  thisMachine,
  type ProcessView,
} from '../../core/base/processIdentity.ts';
import { writeFileWhole } from '../../core/base/writeFileWhole.ts';
import type { SessionObserver } from '../../core/registry/upload/sessionObserver.ts';
import { interruptedPush, type InterruptedPush, type JournaledPush } from './interruptedPush.ts';

const fileName = new RegExp(`^([0-9a-f]{16})(?:\\.(${identityPattern}))?\\.json$`);

/** An interrupted push that is this window's to clean up after; no other window gets it meanwhile. */
export interface TakenPush extends InterruptedPush {
  /** Nothing is left to do. */
  done(): Promise<void>;
  /** The registry is not to be had: the next start tries again. */
  postpone(): Promise<void>;
}

/**
 * A file for each running push, so that a start after a crash knows what there is to clean up and to tell. Spools and
 * temporary names tell themselves whose they are; upload sessions at a registry do not. No file holds a secret.
 */
export class PushJournal {
  readonly #folder: string;
  readonly #logger: Logger;
  readonly #view: () => ProcessView;

  constructor(folder: string, logger: Logger, view: () => ProcessView = thisMachine) {
    this.#folder = folder;
    this.#logger = logger;
    this.#view = view;
  }

  /** Resolves when the push is written down; a disk that does not take it keeps no push from running. */
  async begin(push: JournaledPush): Promise<JournalEntry> {
    const process = formatIdentity(this.#view().own);
    const file = join(this.#folder, `${randomBytes(8).toString('hex')}.json`);
    const entry = new JournalEntry(file, { ...push, process }, this.#logger);
    await entry.written();
    return entry;
  }

  /** Pushes that nobody runs any more. */
  async takeInterrupted(): Promise<readonly TakenPush[]> {
    const names = await readdir(this.#folder).catch(() => []);
    const taken: TakenPush[] = [];
    for (const name of names) {
      try {
        const push = await this.#take(name);
        if (push !== undefined) taken.push(push);
      } catch (error) {
        // Another window was faster.
        this.#logger.debug(`The note ${name} of a push could not be read: ${String(error)}`);
      }
    }
    return taken;
  }

  async #take(name: string): Promise<TakenPush | undefined> {
    const [, id, taker] = fileName.exec(name) ?? [];
    if (id === undefined) return undefined;
    const path = join(this.#folder, name);
    const { mtimeMs } = await stat(path);
    const push = parseJson(interruptedPush, await readFile(path));
    if (push === undefined || !this.#isFree(push, taker, mtimeMs)) return undefined;
    // Of several windows one succeeds.
    const ours = join(this.#folder, `${id}.${formatIdentity(this.#view().own)}.json`);
    await rename(path, ours);
    await touch(ours);
    return {
      ...push,
      done: () => rm(ours, { force: true }),
      postpone: async () => {
        await writeFileWhole(join(this.#folder, `${id}.json`), JSON.stringify({ ...push, isTold: true }));
        await rm(ours, { force: true });
      },
    };
  }

  /** Nobody runs it any more, and no window that lives cleans up after it. */
  #isFree(push: InterruptedPush, taker: string | undefined, lastSeen: number): boolean {
    if (taker === undefined && push.end !== undefined) return true;
    const owner = parseIdentity(taker ?? push.process);
    return owner !== undefined && hasEnded(owner, lastSeen, this.#view());
  }
}

/** What is written down of one running push. */
export class JournalEntry implements SessionObserver {
  readonly #file: string;
  readonly #push: JournaledPush & { readonly process: string };
  readonly #logger: Logger;
  readonly #sessions = new Map<string, string>();
  readonly #heartbeat: NodeJS.Timeout;
  #writing: Promise<void> | undefined;
  #isDirty = false;
  #isOver = false;

  constructor(file: string, push: JournaledPush & { readonly process: string }, logger: Logger) {
    this.#file = file;
    this.#push = push;
    this.#logger = logger;
    // For those who cannot see our process: another machine or container with the same home.
    this.#heartbeat = setInterval(() => void touch(file), heartbeatMs);
    this.#heartbeat.unref();
    this.#write();
  }

  /** Resolves when it is on disk: a session that is used may have to be closed by another process. */
  async opened(session: string, url: URL): Promise<void> {
    if (this.#sessions.get(session) === url.href) return;
    this.#sessions.set(session, url.href);
    this.#write();
    await this.written();
  }

  closed(session: string): void {
    if (this.#sessions.delete(session)) this.#write();
  }

  /** Resolves when all that was told is on disk. */
  async written(): Promise<void> {
    await this.#writing;
  }

  /** The push is over, and nothing of it is left. `windowClosed`: the next start is to tell that it was stopped. */
  async end(how: 'done' | 'windowClosed'): Promise<void> {
    clearInterval(this.#heartbeat);
    this.#isOver = true;
    await this.#writing;
    if (how === 'done') await rm(this.#file, { force: true }).catch(() => undefined);
    else await this.#save({ end: how });
  }

  /** One write at a time; what changes meanwhile is in the next one. */
  #write(): void {
    this.#isDirty = true;
    if (this.#isOver) return;
    this.#writing ??= (async () => {
      while (this.#isDirty && !this.#isOver) {
        this.#isDirty = false;
        await this.#save({});
      }
      this.#writing = undefined;
    })();
  }

  async #save(more: { readonly end?: 'windowClosed' }): Promise<void> {
    const content = { ...this.#push, sessions: [...this.#sessions.values()], ...more };
    try {
      await writeFileWhole(this.#file, JSON.stringify(content));
    } catch (error) {
      this.#logger.warn(`The push could not be written down for the case of a crash: ${String(error)}`);
    }
  }
}

async function touch(file: string): Promise<void> {
  const now = new Date();
  await utimes(file, now, now).catch(() => undefined);
}
