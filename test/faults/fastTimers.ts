import { mock } from 'node:test';

/** Milliseconds: shorter timers are left as they are. These tests are not about the connection to the engine. */
const leastSilence = 30_000;
/** undici counts its time-outs by the ticks of one timer (lib/util/timers.js). */
const undiciTick = 499;

/** How many times faster long timers run. */
let factor = 1;

/**
 * Lets the long timers of this process run faster, so that a timeout of minutes takes a moment.
 * undici's run faster with them.
 */
export function runTimersFaster(times: number): void {
  factor = times;
  startedAt = Date.now();
  if (mockedTimer !== undefined) return;
  const { setTimeout } = globalThis;
  const faster = (work: (...rest: unknown[]) => void, ms = 0, ...rest: unknown[]): NodeJS.Timeout =>
    setTimeout(work, ms < leastSilence && ms !== undiciTick ? ms : ms / factor, ...rest);
  mockedTimer = mock.method(globalThis, 'setTimeout', faster as typeof setTimeout);
  const timeout = AbortSignal.timeout.bind(AbortSignal);
  // These also limit work, which does not run faster.
  mock.method(AbortSignal, 'timeout', (ms: number) => timeout(ms < leastSilence ? ms : ms / Math.min(factor, 20)));
}

/** The time that has passed by these faster timers. */
export function now(): number {
  return Date.now() + (startedAt === undefined ? 0 : (Date.now() - startedAt) * (factor - 1));
}

let startedAt: number | undefined;
let mockedTimer: unknown;
