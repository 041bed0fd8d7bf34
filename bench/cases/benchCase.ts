import type { Bench, Store } from '../rig/bench.ts';

/** Something to measure; `--case NAME` chooses one. */
export interface BenchCase {
  readonly name: string;
  /** What the rows of this case are about, by their `case`. */
  readonly titles: Readonly<Record<string, string>>;
  /** It needs this engine's large image, which is then made before anything is measured. */
  readonly largeImageOf?: Store;
  run(bench: Bench): Promise<void>;
}
