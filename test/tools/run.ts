import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

export interface RunOptions {
  readonly cwd?: string;
  /** Added to this process's environment; `undefined` removes a variable. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly input?: string | AsyncIterable<unknown>;
  /** Each line of output as it comes, from both streams. */
  readonly onLine?: (line: string) => void;
  readonly signal?: AbortSignal;
  /** `true`: a failing exit code is returned, not thrown. */
  readonly mayFail?: boolean;
}

export interface RunResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command to its end. Rejects with its last lines when it cannot be started or fails. */
export async function run(command: string, args: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  const child = spawn(command, args, {
    cwd: options.cwd,
    env: { ...process.env, ...options.env },
    ...(options.signal === undefined ? {} : { signal: options.signal }),
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const stdout = collect(child.stdout, options.onLine);
  const stderr = collect(child.stderr, options.onLine);
  const closed = once(child, 'close');
  // If a child ends before it has read everything, its exit code matters, not our broken pipe.
  const input = typeof options.input === 'string' ? [options.input] : (options.input ?? []);
  pipeline(input, child.stdin).catch(() => undefined);
  await closed;
  const result = { code: child.exitCode ?? 1, stdout: await stdout, stderr: await stderr };
  if (result.code !== 0 && options.mayFail !== true) {
    const output = lastLines(`${result.stdout}\n${result.stderr}`, 15);
    throw new Error(`${command} ${args.join(' ')} ended with code ${result.code}:\n${output}`);
  }
  return result;
}

async function collect(stream: Readable, onLine: ((line: string) => void) | undefined): Promise<string> {
  const lines: string[] = [];
  for await (const line of createInterface({ input: stream, crlfDelay: Infinity })) {
    lines.push(line);
    onLine?.(line);
  }
  return lines.join('\n');
}

/** The last `count` lines that are not empty. */
export function lastLines(text: string, count: number): string {
  return text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .slice(-count)
    .join('\n');
}
