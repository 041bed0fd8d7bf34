import { createHash, randomInt, type Hash } from 'node:crypto';
import { mkdir, open, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** One upload session: not bound to a user, an owner or an image, as in Gitea. */
export interface UploadSession {
  readonly id: string;
  readonly path: string;
  /** Bytes that have arrived by the database. After an interrupted PATCH the file has more: then the session is unusable. */
  bytesReceived: number;
  hash: Hash;
}

/** The file and the database disagree about the size: every further write fails with 500 (Gitea's "offset mismatch"). */
export class OffsetMismatch extends Error {}

export class UploadSessions {
  readonly #folder: string;
  readonly #sessions = new Map<string, UploadSession>();

  private constructor(folder: string) {
    this.#folder = folder;
  }

  static async open(folder: string): Promise<UploadSessions> {
    await mkdir(folder, { recursive: true });
    return new UploadSessions(folder);
  }

  async create(): Promise<UploadSession> {
    const id = randomId();
    const session = { id, path: join(this.#folder, id), bytesReceived: 0, hash: createHash('sha256') };
    await (await open(session.path, 'w')).close();
    this.#sessions.set(id, session);
    return session;
  }

  get(id: string): UploadSession | undefined {
    return this.#sessions.get(id);
  }

  all(): UploadSession[] {
    return [...this.#sessions.values()];
  }

  /**
   * Appends a body. Bytes are written to disk as they arrive; size and hash are stored only after the whole body. So after
   * an interrupted body the file is longer than the stored size, and the session is unusable.
   */
  async append(session: UploadSession, body: AsyncIterable<Buffer>): Promise<void> {
    if ((await stat(session.path)).size !== session.bytesReceived) throw new OffsetMismatch();
    const hash = session.hash.copy();
    let received = 0;
    const file = await open(session.path, 'a');
    try {
      for await (const chunk of body) {
        await file.appendFile(chunk);
        hash.update(chunk);
        received += chunk.length;
      }
    } finally {
      await file.close();
    }
    session.hash = hash;
    session.bytesReceived += received;
  }

  digest(session: UploadSession): string {
    return `sha256:${session.hash.copy().digest('hex')}`;
  }

  /** Removes a session. Its file is a blob now, or is not needed. */
  async remove(session: UploadSession): Promise<void> {
    this.#sessions.delete(session.id);
    await rm(session.path, { force: true });
  }
}

/** 25 characters of `[a-z0-9]`: not a UUID. */
function randomId(): string {
  return Array.from({ length: 25 }, () => randomInt(36).toString(36)).join('');
}
