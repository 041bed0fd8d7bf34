const windowMs = 8_000;
/** Samples closer together than this are left out. */
const stepMs = 200;
/** Below this span a rate would be noise. */
const leastMs = 2_000;

/** The rate of a growing count over its last seconds. Time in milliseconds. */
export class RateWindow {
  #samples: { readonly at: number; readonly count: number }[] = [];
  #count = 0;

  add(at: number, count: number): void {
    // A count that decreases (a restarted upload) restarts the measurement as well.
    if (count < this.#count) this.#samples = [];
    this.#count = count;
    const last = this.#samples.at(-1);
    if (last !== undefined && at - last.at < stepMs) return;
    this.#samples.push({ at, count });
    while ((this.#samples[1]?.at ?? at) < at - windowMs) this.#samples.shift();
  }

  /** Per second; undefined until there are samples over a long enough time. */
  perSecond(at: number): number | undefined {
    const first = this.#samples.find((sample) => sample.at >= at - windowMs) ?? this.#samples.at(-1);
    if (first === undefined) return undefined;
    const span = at - first.at;
    return span < leastMs ? undefined : ((this.#count - first.count) * 1000) / span;
  }
}
