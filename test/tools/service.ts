import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

import { lastLines } from './run.ts';

/** A program that runs beside us until it is stopped. */
export interface Service {
  readonly pid: number;
  /** What it has written so far, both streams. */
  output(): string;
  hasEnded(): boolean;
  /** Asks it to end, insists after ten seconds, resolves when it is gone. */
  stop(): Promise<void>;
}

export interface ServiceOptions {
  readonly logFile: string;
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/** Starts `command` in a process group of its own, so that Ctrl-C reaches us alone and we stop things in order. */
export async function startService(
  command: string,
  args: readonly string[],
  { logFile, cwd, env }: ServiceOptions,
): Promise<Service> {
  const log = openSync(logFile, 'a', 0o600);
  const child = spawn(command, args, {
    cwd,
    env: { ...process.env, ...env },
    stdio: ['ignore', log, log],
    detached: process.platform !== 'win32',
  });
  closeSync(log);
  const exited = new Promise<void>((resolve) => {
    child.once('exit', () => {
      resolve();
    });
  });
  const pid = await new Promise<number>((resolve, reject) => {
    child.once('error', reject);
    child.once('spawn', () => {
      resolve(child.pid ?? 0);
    });
  });

  const hasEnded = (): boolean => child.exitCode !== null || child.signalCode !== null;
  // Should this process end without having stopped it (an uncaught error), it must not stay behind.
  const endWithUs = (): void => {
    if (!hasEnded()) child.kill('SIGTERM');
  };
  process.once('exit', endWithUs);
  void exited.then(() => process.off('exit', endWithUs));

  return {
    pid,
    hasEnded,
    output: () => readFileSync(logFile, 'utf8'),
    async stop() {
      if (!hasEnded()) {
        child.kill('SIGTERM');
        const insist = setTimeout(() => {
          killGroup(pid);
        }, 10_000);
        await exited;
        clearTimeout(insist);
      }
      killGroup(pid);
    },
  };
}

/** Ends what is left of a service's own process group. */
function killGroup(pid: number): void {
  try {
    process.kill(process.platform === 'win32' ? pid : -pid, 'SIGKILL');
  } catch {
    // Nothing is left.
  }
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
