import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { BlobStore } from './model/blobStore.ts';
import { Directory, type User } from './model/directory.ts';
import { signToken, verifyToken, type Claims } from './model/jwt.ts';
import { Packages } from './model/packages.ts';
import { defaultSeed } from './model/seed.ts';
import { UploadSessions } from './model/uploads.ts';
import type { Limits, FakeGiteaOptions } from './options.ts';
import { quirksOf, type Quirks } from './quirks.ts';

/** The state of one Gitea; the routes are plain functions over it. */
export interface Gitea {
  readonly options: FakeGiteaOptions;
  readonly quirks: Quirks;
  readonly limits: Limits;
  readonly clock: () => number;
  readonly directory: Directory;
  readonly blobs: BlobStore;
  readonly uploads: UploadSessions;
  readonly packages: Packages;
  readonly tokens: RegistryTokens;
  /** One-time passwords that were used already. */
  readonly usedPasswords: Set<string>;
  /** The origin of the object store, if reads are redirected to one. */
  readonly storageOrigin: string | undefined;
}

export async function openGitea(options: FakeGiteaOptions, folder: string, storageOrigin?: string): Promise<Gitea> {
  const clock = options.clock ?? Date.now;
  return {
    options,
    quirks: quirksOf(options),
    limits: options.limits ?? {},
    clock,
    directory: new Directory(options.seed ?? defaultSeed, clock),
    blobs: await BlobStore.open(join(folder, 'packages')),
    uploads: await UploadSessions.open(join(folder, 'package-upload')),
    packages: new Packages(),
    tokens: new RegistryTokens(clock, options.tokenLifetimeSeconds ?? 24 * 60 * 60),
    usedPasswords: new Set(),
    storageOrigin,
  };
}

/** Signs and checks the tokens of `/v2/token`. */
export class RegistryTokens {
  readonly #clock: () => number;
  readonly #lifetimeSeconds: number;
  #secret = randomBytes(32);

  constructor(clock: () => number, lifetimeSeconds: number) {
    this.#clock = clock;
    this.#lifetimeSeconds = lifetimeSeconds;
  }

  /** For a user, or for the ghost. */
  issue(user: User | undefined, scope: string): string {
    const now = Math.floor(this.#clock() / 1000);
    const claims = {
      exp: now + this.#lifetimeSeconds,
      nbf: now,
      UserID: user?.id ?? -1,
      Scope: scope,
      ActionsUserTaskID: 0,
    };
    return signToken(claims, this.#secret);
  }

  verify(token: string): Claims | undefined {
    return verifyToken(token, this.#secret, Math.floor(this.#clock() / 1000));
  }

  /** Makes all tokens issued so far invalid. */
  expireAll(): void {
    this.#secret = randomBytes(32);
  }
}
