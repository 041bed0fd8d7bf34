import type { PushResult } from '../core/push/pushEvents.ts';
import type { SignInArguments, SignOutArguments } from './commands/arguments.ts';
import type { PushArguments } from './push/pushArguments.ts';
import type { ListedImage } from './commands/listImages.ts';
import type { SignedIn } from './commands/signIn.ts';

/** The exports of the extension: the commands of docs/automation.md as functions. */
export interface TeaChestApi {
  signIn(argument?: SignInArguments): Promise<SignedIn | undefined>;
  signOut(argument?: SignOutArguments): Promise<void>;
  listImages(): Promise<readonly ListedImage[]>;
  pushImage(argument?: PushArguments): Promise<PushResult | undefined>;
}
