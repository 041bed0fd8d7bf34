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

/** An interrupted push that this window cleans up after. No other window can claim it meanwhile. */
export interface ClaimedPush extends InterruptedPush {
  /** Removes the entry: the cleanup is complete. */
  done(): Promise<void>;
  /** Releases the entry: the registry cannot be reached, so the next start tries again. */
  postpone(): Promise<void>;
}

/**
 * A file for each running push, so that the next start after a crash can report it and close its upload sessions: a
 * registry does not record who has opened them. The files hold no secrets.
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

  /** Resolves when the push is recorded, or could not be: a full disk does not prevent a push. */
  async begin(push: JournaledPush): Promise<JournalEntry> {
    const process = formatIdentity(this.#view().own);
    const file = join(this.#folder, `${randomBytes(8).toString('hex')}.json`);
    const entry = new JournalEntry(file, { ...push, process }, this.#logger);
    await entry.written();
    return entry;
  }

  /** Claims the pushes whose process has ended. */
  async claimInterrupted(): Promise<readonly ClaimedPush[]> {
    const names = await readdir(this.#folder).catch(() => []);
    const claimed: ClaimedPush[] = [];
    for (const name of names) {
      try {
        const push = await this.#claim(name);
        if (push !== undefined) claimed.push(push);
      } catch (error) {
        // Another window was faster.
        this.#logger.debug(`The journal entry ${name} of a push could not be read: ${String(error)}`);
      }
    }
    return claimed;
  }

  async #claim(name: string): Promise<ClaimedPush | undefined> {
    const [, id, claimant] = fileName.exec(name) ?? [];
    if (id === undefined) return undefined;
    const path = join(this.#folder, name);
    const { mtimeMs } = await stat(path);
    const push = parseJson(interruptedPush, await readFile(path));
    if (push === undefined || !this.#isAbandoned(push, claimant, mtimeMs)) return undefined;
    // If several windows try this, one of them succeeds.
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

  /** The process that ran it has ended, and so has any window that claimed it. */
  #isAbandoned(push: InterruptedPush, claimant: string | undefined, lastSeen: number): boolean {
    if (claimant === undefined && push.end !== undefined) return true;
    const owner = parseIdentity(claimant ?? push.process);
    return owner !== undefined && hasEnded(owner, lastSeen, this.#view());
  }
}

/** The entry of one running push. Records its open upload sessions. */
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
    // For other machines and containers with the same home folder: they cannot see our process.
    this.#heartbeat = setInterval(() => void touch(file), heartbeatMs);
    this.#heartbeat.unref();
    this.#write();
  }

  /** Resolves when the session is on disk: another process may have to close it. */
  async opened(session: string, url: URL): Promise<void> {
    if (this.#sessions.get(session) === url.href) return;
    this.#sessions.set(session, url.href);
    this.#write();
    await this.written();
  }

  closed(session: string): void {
    if (this.#sessions.delete(session)) this.#write();
  }

  /** Resolves when all changes are on disk. */
  async written(): Promise<void> {
    await this.#writing;
  }

  /** Ends the entry after the push has cleaned up. `windowClosed`: the next start reports that it was stopped. */
  async end(how: 'done' | 'windowClosed'): Promise<void> {
    clearInterval(this.#heartbeat);
    this.#isOver = true;
    await this.#writing;
    if (how === 'done') await rm(this.#file, { force: true }).catch(() => undefined);
    else await this.#save({ end: how });
  }

  /** One write at a time. Changes during a write are in the next one. */
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
