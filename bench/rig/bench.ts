import { execFileSync } from 'node:child_process';
import type { Engine } from '../../test/tools/engine.ts';
import { lastLines } from '../../test/tools/run.ts';
import { step } from '../../test/tools/step.ts';
import { toRow, type Measurement, type Row } from '../report/row.ts';
import type { BenchRegistry } from './benchRegistry.ts';
import type { ImageShelf } from './imageShelf.ts';
import type { Tool } from './pusher.ts';
import type { PushReport } from './teaChestProtocol.ts';

/** An engine and the images it has. */
export interface BenchEngine {
  readonly engine: Engine;
  readonly images: ImageShelf;
}

/** What a case works with. */
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
  record(row: Row): void;
  /** What Tea Chest told of one push. */
  report(task: string, tool: string, report: PushReport): void;
}

/** A task: what it is called in rows, and what one run of it is. */
export interface Task {
  readonly name: string;
  readonly tools: readonly Tool[];
  readonly rounds: number;
  run(tool: Tool): Promise<Measurement>;
}

/** Everybody in turn, round by round, so that whatever else the machine does is shared by all. */
export async function alternate(bench: Bench, task: Task): Promise<void> {
  const { name, tools, rounds } = task;
  const runs = new Map<Tool, Measurement[]>(tools.map((tool) => [tool, []]));
  const failures = new Map<Tool, string>();
  for (let round = 1; round <= rounds; round++) {
    for (const tool of tools) {
      if (failures.has(tool)) continue;
      try {
        const done = await step(`${name}: ${tool.name}, ${round} of ${rounds}`, () => task.run(tool));
        console.log(`    ${seconds(done.ms)}`);
        runs.get(tool)?.push(done);
      } catch (error) {
        const message = error instanceof Error ? error.message : String(error);
        console.log(`    failed: ${message}`);
        failures.set(tool, `fails: ${lastLines(message, 1)}`);
      }
    }
  }
  for (const tool of tools) bench.record(toRow(name, tool.name, runs.get(tool) ?? [], failures.get(tool)));
}

const seconds = (ms: number): string => `${(ms / 1000).toFixed(3)} s`;

/** Measures one push; the bytes are what the registry has more of afterwards, where we can look. */
export async function measured(registry: BenchRegistry, push: () => Promise<Measurement>): Promise<Measurement> {
  const before = await registry.storedBytes();
  // What the last run left to be written must not be written during this one.
  execFileSync('sync');
  const measurement = await push();
  const after = await registry.storedBytes();
  if (before === undefined || after === undefined) return measurement;
  return { ...measurement, uploadedBytes: after - before };
}

/** A signal for a run that may take so long and no longer. */
export function deadline(what: string, limitMs: number): AbortSignal {
  const controller = new AbortController();
  setTimeout(() => {
    controller.abort(new Error(`${what} was not done after ${Math.round(limitMs / 1000)} s and was stopped`));
  }, limitMs).unref();
  return controller.signal;
}

/** No run takes as long as this, whatever the machine; ms. */
export const patience = 20 * 60_000;
