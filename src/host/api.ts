import type { PushResult } from '../core/push/pushEvents.ts';
import type {
  PushOutOfDateArguments,
  SelectEngineArguments,
  SignInArguments,
  SignOutArguments,
} from './commands/arguments.ts';
import type { PullResult } from '../core/pull/pullEvents.ts';
import type { PullArguments } from './pull/pullArguments.ts';
import type { PushArguments, PushImagesArguments } from './push/pushArguments.ts';
import type { PushImagesResult } from './push/pushImagesResult.ts';
import type { PushOutOfDateResult } from './commands/pushOutOfDate.ts';
import type { ListedImage } from './commands/listImages.ts';
import type { PlannedPush } from './commands/planPush.ts';
import type { SelectedEngine } from './commands/selectEngine.ts';
import type { SignedIn } from './commands/signIn.ts';

/** The exports of the extension: the commands of docs/automation.md as functions. */
export interface TeaChestApi {
  signIn(argument?: SignInArguments): Promise<SignedIn | undefined>;
  signOut(argument?: SignOutArguments): Promise<void>;
  listImages(): Promise<readonly ListedImage[]>;
  selectEngine(argument?: SelectEngineArguments): Promise<SelectedEngine | undefined>;
  pushImage(argument?: PushArguments): Promise<PushResult | undefined>;
  pushImages(argument?: PushImagesArguments): Promise<PushImagesResult | undefined>;
  pushOutOfDate(argument?: PushOutOfDateArguments): Promise<PushOutOfDateResult | undefined>;
  planPush(argument: PushArguments | PushImagesArguments): Promise<PlannedPush>;
  pullImage(argument?: PullArguments): Promise<PullResult | undefined>;
}
