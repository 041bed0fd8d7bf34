import type { PullResult } from '../../core/pull/pullEvents.ts';
import type { PullController } from '../pull/pullController.ts';
import { readPullArguments } from './arguments.ts';
import { toRejection } from './toRejection.ts';

/**
 * `teaChest.pullImage`. Without an argument it asks the person, and resolves with undefined if they cancel or the pull
 * fails. With one it rejects with an error that has `code` and `stage`. Failures are shown in both cases.
 */
export async function pullImageCommand(pull: PullController, argument: unknown): Promise<PullResult | undefined> {
  if (argument === undefined) return await pull.ask();
  try {
    return await pull.pullArguments(readPullArguments(argument));
  } catch (error) {
    throw toRejection(error, 'pull');
  }
}
