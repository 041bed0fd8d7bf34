import { execFileSync } from 'node:child_process';
import type { Engine } from '../../test/tools/engine.ts';
import { lastLines } from '../../test/tools/run.ts';
import { say, step } from '../../test/tools/step.ts';
import { toRow, type Measurement, type Row } from '../report/row.ts';
import type { BenchRegistry } from './benchRegistry.ts';
import type { BenchImages } from './benchImages.ts';
import type { Tool } from './pusher.ts';

/** An engine and the images it has. */
export interface BenchEngine {
  readonly engine: Engine;
  readonly images: BenchImages;
}

/** An engine of docker, by its image store, or podman of that release. Both releases hold layers unpacked. */
export type Store = 'classic' | 'containerd' | 'podman4' | 'podman5';

/** The environment of a case. */
export interface Bench {
  /** A trial of the bench itself: small images, one round. */
  readonly quick: boolean;
  /** How many times everything is measured. */
  readonly rounds: number;
  readonly profileFolder: string | undefined;
  /** Docker's classic image store; started when first asked for. */
  classic(): Promise<BenchEngine>;
  /** Docker's containerd image store. */
  containerd(): Promise<BenchEngine>;
  podman4(): Promise<BenchEngine>;
  podman5(): Promise<BenchEngine>;
  record(row: Row): void;
}

/** A task: its name in the rows, and one run of it. */
export interface Task {
  readonly name: string;
  readonly tools: readonly Tool[];
  /** How often each tool takes part. */
  readonly rounds: number | ((tool: Tool) => number);
  /** All tools at the same time: only for tasks in which they just wait. */
  readonly isSideBySide?: boolean;
  run(tool: Tool): Promise<Measurement>;
}

/** All tools in turn, round by round, so that other load of the machine affects all of them. */
export async function alternate(bench: Bench, task: Task): Promise<void> {
  const { name, tools, isSideBySide = false } = task;
  const tally = new Tally(name);
  const rounds = (tool: Tool): number => (typeof task.rounds === 'number' ? task.rounds : task.rounds(tool));
  for (let round = 1; round <= Math.max(...tools.map(rounds)); round++) {
    const here = tools.filter((tool) => round <= rounds(tool));
    const once = (tool: Tool): Promise<void> =>
      tally.measure(tool, `${round} of ${rounds(tool)}`, () => task.run(tool));
    if (isSideBySide) await Promise.all(here.map(once));
    else for (const tool of here) await once(tool);
  }
  tally.record(bench, tools);
}

/** What was measured at one task so far. A tool that has failed is not run again. */
export class Tally {
  readonly #task: string;
  readonly #runs = new Map<Tool, Measurement[]>();
  readonly #failures = new Map<Tool, string>();

  constructor(task: string) {
    this.#task = task;
  }

  /** One run; if it fails, that is noted, and nothing is thrown. */
  async measure(tool: Tool, which: string, run: () => Promise<Measurement>): Promise<void> {
    if (this.#failures.has(tool)) return;
    const title = `${this.#task}: ${tool.name}, ${which}`;
    try {
      const done = await step(title, run);
      say(`    ${title}: ${(done.ms / 1000).toFixed(3)} s ${done.way ?? ''}`);
      this.#runs.set(tool, [...(this.#runs.get(tool) ?? []), done]);
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      say(`    failed: ${message}`);
      this.#failures.set(tool, `fails: ${lastLines(message, 1)}`);
    }
  }

  /** One row for each tool. */
  record(bench: Pick<Bench, 'record'>, tools: readonly Tool[]): void {
    for (const tool of tools) {
      bench.record(toRow(this.#task, tool.name, this.#runs.get(tool) ?? [], this.#failures.get(tool)));
    }
  }
}

/** Measures one push; the bytes are the growth of the registry's data, if we can read it. */
export async function measured(registry: BenchRegistry, push: () => Promise<Measurement>): Promise<Measurement> {
  const before = await registry.storedBytes();
  // Writes of the last run must not reach the disk during this one.
  execFileSync('sync');
  const measurement = await push();
  const after = await registry.storedBytes();
  if (before === undefined || after === undefined) return measurement;
  return { ...measurement, uploadedBytes: after - before };
}

/** A signal with a time limit for a run. */
export function deadline(what: string, limitMs: number): AbortSignal {
  const controller = new AbortController();
  setTimeout(() => {
    controller.abort(new Error(`${what} was not done after ${Math.round(limitMs / 1000)} s and was stopped`));
  }, limitMs).unref();
  return controller.signal;
}

/** No run takes as long as this, whatever the machine; ms. */
export const longestPush = 20 * 60_000;
