import type { ConnectionTimes } from '../ports/connectionTimes.ts';
import type { RunWait } from './runWaits.ts';

/** What the operating system says of the time in which bytes were sent, in milliseconds. */
export interface LinkTimes {
  /** The time that was observed. */
  readonly observedMs: number;
  /** The part of it in which a connection had bytes that the other side had not acknowledged. */
  readonly busyMs: number;
  /** The part of that in which the other side had no room for more. */
  readonly receiverMs: number;
}

/** Milliseconds between two questions. Each starts a small program, so it is asked only while the answer says something. */
const interval = 2_000;

/** The connections to one registry, as `BlobTarget.connectionTimes` gives them. */
type Answer = Promise<readonly ConnectionTimes[] | undefined>;

/** Observes the connections of a run while it waits for what it has sent or is sending. `now` gives milliseconds. */
export class LinkWatch {
  readonly #ask: () => readonly Answer[];
  readonly #now: () => number;
  #times: LinkTimes | undefined;
  #last: { readonly at: number; readonly counts: ReadonlyMap<number, ConnectionTimes> } | undefined;
  #askedAt = -Infinity;
  #isAsking = false;
  #isWaiting = false;

  /** `ask`: of the registries of all images; several images may have the same one. */
  constructor(ask: () => readonly Answer[], now: () => number) {
    this.#ask = ask;
    this.#now = now;
  }

  /** Undefined while nothing was observed. */
  get times(): LinkTimes | undefined {
    return this.#times;
  }

  /** To be called several times a second. */
  update(wait: RunWait | undefined): void {
    this.#isWaiting = wait === 'sending' || wait === 'written';
    if (!this.#isWaiting) this.#last = undefined;
    const isDue = this.#now() - this.#askedAt >= interval;
    if (this.#isWaiting && isDue && !this.#isAsking) void this.#observe();
  }

  async #observe(): Promise<void> {
    this.#isAsking = true;
    this.#askedAt = this.#now();
    const before = this.#last;
    const answers = await Promise.all(this.#ask());
    this.#isAsking = false;
    const isSameWait = this.#last === before;
    if (!this.#isWaiting || answers.every((answer) => answer === undefined)) return;
    const counts = new Map(answers.flatMap((answer) => answer ?? []).map((one) => [one.localPort, one]));
    const at = this.#now();
    this.#last = { at, counts };
    // What was counted before the first question may be of an earlier push.
    if (before !== undefined && isSameWait) this.#add(at - before.at, before.counts, counts);
  }

  #add(span: number, before: ReadonlyMap<number, ConnectionTimes>, after: ReadonlyMap<number, ConnectionTimes>): void {
    const grown = [...after.values()].map(({ localPort, busy, receiver }) => {
      const start = before.get(localPort);
      return { busy: Math.max(0, busy - (start?.busy ?? 0)), receiver: Math.max(0, receiver - (start?.receiver ?? 0)) };
    });
    const sum = (of: (one: (typeof grown)[number]) => number): number => grown.reduce((all, one) => all + of(one), 0);
    const busiest = Math.min(span, Math.max(0, ...grown.map(({ busy }) => busy)));
    const receiverPart =
      sum(({ receiver }) => receiver) /
      Math.max(
        1,
        sum(({ busy }) => busy),
      );
    const { observedMs, busyMs, receiverMs } = this.#times ?? { observedMs: 0, busyMs: 0, receiverMs: 0 };
    this.#times = {
      observedMs: observedMs + span,
      busyMs: busyMs + busiest,
      receiverMs: receiverMs + busiest * receiverPart,
    };
  }
}
