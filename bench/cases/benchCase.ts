import type { Bench } from '../rig/bench.ts';

/** Something to measure; `--case NAME` chooses one. */
export interface BenchCase {
  readonly name: string;
  /** What the rows of this case are about, by their `case`. */
  readonly titles: Readonly<Record<string, string>>;
  run(bench: Bench): Promise<void>;
}
