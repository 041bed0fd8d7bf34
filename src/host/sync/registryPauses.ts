import type { ErrorCode, TeaChestError } from '../../core/base/errors.ts';

const shortestPause = 30_000;
/** A refused password may block the account after some tries, and an absent server costs time with each request. */
const longestPause = 10 * 60_000;

/** Errors of one image or repository: the registry itself answers, so that others can be asked for. */
const aboutOneImage: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'accessDenied',
  'ownerNotFound',
  'nameInvalid',
  'registryRefused',
  'digestMismatch',
  'imageNotFound',
  'imageUnsupported',
  'engineFailed',
  'referenceInvalid',
]);

interface Pause {
  readonly error: TeaChestError;
  readonly ms: number;
  /** Milliseconds since the epoch. */
  readonly until: number;
}

/** Registries that could not be asked, and until when they are not asked again. */
export class RegistryPauses {
  readonly #pauses = new Map<string, Pause>();
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** Why a registry is not asked now; undefined if it may be asked. */
  reason(origin: string): TeaChestError | undefined {
    const pause = this.#pauses.get(origin);
    return pause !== undefined && pause.until > this.#now() ? pause.error : undefined;
  }

  /** Milliseconds until it may be asked again. */
  remaining(origin: string): number {
    return Math.max(0, (this.#pauses.get(origin)?.until ?? 0) - this.#now());
  }

  /** Begins a pause, twice as long as the last one; none after an error that is about one image. */
  failed(origin: string, error: TeaChestError): void {
    // Requests that were running at the same time fail together, and count once.
    if (aboutOneImage.has(error.code) || this.reason(origin) !== undefined) return;
    const before = this.#pauses.get(origin)?.ms ?? shortestPause / 2;
    const ms = Math.min(before * 2, longestPause);
    this.#pauses.set(origin, { error, ms, until: this.#now() + ms });
  }

  answered(origin: string): void {
    this.#pauses.delete(origin);
  }

  clear(): void {
    this.#pauses.clear();
  }
}
