import { randomBytes } from 'node:crypto';
import { mkdir, readdir, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import * as l10n from '@vscode/l10n';
import { throwIfCancelled } from '../base/cancel.ts';
import { TeaChestError } from '../base/errors.ts';
import {
  formatIdentity,
  hasEnded,
  heartbeatMs,
  identityPattern,
  parseIdentity,
  thisMachine,
  type ProcessView,
} from '../base/processIdentity.ts';
import { Condition } from '../base/condition.ts';
import { explainSpoolFailure, SpooledBlob } from './spooledBlob.ts';

/** The temporary folder of one push. Its name has the process that owns it, so that `sweepSpool` finds what a crash left. */
export class Spool {
  readonly folder: string;
  readonly #limit: number;
  readonly #open = new Map<SpooledBlob, number>();
  #count = 0;
  #isDisposed = false;
  readonly #creating = new Set<Promise<SpooledBlob>>();
  readonly #released = new Condition();
  readonly #heartbeat: NodeJS.Timeout;

  private constructor(folder: string, limit: number) {
    this.folder = folder;
    this.#limit = limit;
    // For another machine or container with the same folder, which cannot see our process.
    this.#heartbeat = setInterval(() => void touch(folder), heartbeatMs);
    this.#heartbeat.unref();
  }

  /** `limit`: bytes above which no new blob is begun; a single blob may be larger. */
  static async create(root: string, limit: number): Promise<Spool> {
    const folder = join(root, `push-${formatIdentity(thisMachine().own)}-${randomBytes(4).toString('hex')}`);
    try {
      await mkdir(folder, { recursive: true, mode: 0o700 });
    } catch (error) {
      throw explainSpoolFailure(error, folder);
    }
    return new Spool(folder, limit);
  }

  /**
   * A new blob, once the blobs that wait for the registry are below the limit. Its last `recent` bytes are kept in memory
   * as well.
   */
  async begin(signal: AbortSignal, recent = 0): Promise<SpooledBlob> {
    while (this.#bytes() > this.#limit) await this.#released.wait(signal);
    throwIfCancelled(signal);
    const creating = this.#create(recent).finally(() => this.#creating.delete(creating));
    this.#creating.add(creating);
    return await creating;
  }

  async #create(recent: number): Promise<SpooledBlob> {
    const onGrown = (grown: number): void => {
      const bytes = this.#open.get(blob);
      if (bytes !== undefined) this.#open.set(blob, bytes + grown);
    };
    const blob = await SpooledBlob.create(join(this.folder, `blob-${this.#count++}`), onGrown, recent);
    if (this.#isDisposed) {
      await blob.discard();
      throw new TeaChestError('cancelled', l10n.t('The push is over.'));
    }
    this.#open.set(blob, 0);
    return blob;
  }

  /** Removes a blob. */
  async release(blob: SpooledBlob): Promise<void> {
    if (!this.#open.delete(blob)) return;
    await blob.discard();
    this.#released.notifyAll();
  }

  /** Closes all blobs and removes the folder. `sweepSpool` removes later what cannot be removed now. */
  async dispose(): Promise<void> {
    this.#isDisposed = true;
    clearInterval(this.#heartbeat);
    await Promise.allSettled(this.#creating);
    await Promise.allSettled([...this.#open.keys()].map((blob) => this.release(blob)));
    await rm(this.folder, { recursive: true, force: true, maxRetries: 3 }).catch(() => undefined);
  }

  #bytes(): number {
    let sum = 0;
    for (const bytes of this.#open.values()) sum += bytes;
    return sum;
  }
}

const ownName = new RegExp(`^push-(${identityPattern})-[0-9a-f]{8}$`);

/**
 * Removes the folders under `root` whose processes have ended; returns their number. If one cannot be removed, it goes on
 * with the others and throws at the end.
 */
export async function sweepSpool(root: string, view: ProcessView = thisMachine()): Promise<number> {
  const names = await readdir(root).catch(() => []);
  const sweeping = names.map(async (name) => {
    const owner = parseIdentity(ownName.exec(name)?.[1] ?? '');
    if (owner === undefined) return false;
    const folder = join(root, name);
    const found = await stat(folder).catch(() => undefined);
    if (found === undefined || !hasEnded(owner, found.mtimeMs, view)) return false;
    await rm(folder, { recursive: true, force: true, maxRetries: 3 });
    return true;
  });
  const outcomes = await Promise.allSettled(sweeping);
  const failure = outcomes.find((outcome) => outcome.status === 'rejected');
  if (failure !== undefined) throw failure.reason;
  return outcomes.filter((outcome) => outcome.status === 'fulfilled' && outcome.value).length;
}

async function touch(folder: string): Promise<void> {
  const now = new Date();
  await utimes(folder, now, now).catch(() => undefined);
}
