import type { PushResult } from '../../core/push/pushEvents.ts';
import type { PushController } from '../push/pushController.ts';
import { readPushArguments } from './arguments.ts';
import { toRejection } from './toRejection.ts';

/**
 * `teaChest.pushImage`. Without an argument it asks the person, and resolves with undefined if they cancel or the push
 * fails. With one it rejects with an error that has `code` and `stage`. Failures are shown in both cases.
 */
export async function pushImageCommand(push: PushController, argument: unknown): Promise<PushResult | undefined> {
  if (argument === undefined) return await push.askAndPush();
  try {
    return await push.pushArguments(readPushArguments(argument));
  } catch (error) {
    throw toRejection(error, 'resolve');
  }
}
