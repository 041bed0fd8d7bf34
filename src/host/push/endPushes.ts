import { sleep } from '../../core/base/cancel.ts';
import type { PushRunner } from './pushRunner.ts';

/** VS Code gives all extensions of a window four seconds to end (extHostExtensionService: terminate). */
const timeLimitMs = 3_500;

/**
 * Cancels the running pushes, waits until they have cleaned up, and then disposes of what they use. VS Code disposes of an
 * extension's subscriptions without waiting for `deactivate` (ExtHostExtensionService), so these must not be among them.
 */
export async function endPushes(
  runner: Pick<PushRunner, 'stop'>,
  used: readonly { dispose(): void }[],
  wait: typeof sleep = sleep,
): Promise<void> {
  const stopped = new AbortController();
  await Promise.race([runner.stop(), wait(timeLimitMs, stopped.signal).catch(() => undefined)]);
  stopped.abort();
  for (const one of used) one.dispose();
}
