import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { lastLines } from './run.ts';

/** A program that runs until it is stopped. It also ends if this process ends in any way. */
export interface Service {
  /** Its output so far, both streams. Read it before the service is stopped. */
  output(): string;
  hasEnded(): boolean;
  /** Sends SIGTERM, and SIGKILL after ten seconds; resolves when it has ended and `folders` are removed. */
  stop(): Promise<void>;
}

export interface ServiceOptions {
  readonly logFile: string;
  /** Removed once it has ended. */
  readonly folders?: readonly string[];
  /** Added to our own environment; `undefined` removes a variable. */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/** Starts `command` under processSupervisor.ts, out of reach of the terminal's Ctrl-C, so that we stop services in order. */
export function startService(
  command: string,
  args: readonly string[],
  { logFile, folders = [], env }: ServiceOptions,
): Service {
  const log = openSync(logFile, 'a', 0o600);
  const supervisor = spawn(
    process.execPath,
    [join(import.meta.dirname, 'processSupervisor.ts'), JSON.stringify(folders), command, ...args],
    {
      env: { ...process.env, ...env },
      stdio: ['pipe', log, log],
      detached: process.platform !== 'win32',
    },
  );
  closeSync(log);
  const exited = new Promise<void>((resolve) => {
    supervisor.once('exit', () => {
      resolve();
    });
  });
  return {
    output: () => readFileSync(logFile, 'utf8'),
    hasEnded: () => supervisor.exitCode !== null || supervisor.signalCode !== null,
    async stop() {
      supervisor.stdin?.end();
      await exited;
    },
  };
}

/**
 * Waits until `check` gives something, asking ten times a second. Rejects with the service's last lines when it ends
 * first or the time is up.
 */
export async function waitFor<T>(
  what: string,
  service: Pick<Service, 'output' | 'hasEnded'>,
  check: () => Promise<T | undefined> | T | undefined,
  timeoutMs = 60_000,
): Promise<T> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const found = await check();
    if (found !== undefined) return found;
    const ended = service.hasEnded();
    if (ended || Date.now() > deadline) {
      const reason = ended ? 'it ended before it was ready' : `it was not ready after ${timeoutMs / 1000} s`;
      throw new Error(`${what} did not start: ${reason}. Its last lines:\n${lastLines(service.output(), 20)}`);
    }
    await sleep(100);
  }
}
