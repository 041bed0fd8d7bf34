import type { TeaChestApi } from '../host/api.ts';
import { listImagesCommand } from '../host/commands/listImages.ts';
import { pullImageCommand } from '../host/commands/pullImage.ts';
import { pushImageCommand } from '../host/commands/pushImage.ts';
import { pushImagesCommand } from '../host/commands/pushImages.ts';
import { planPushCommand } from '../host/commands/planPush.ts';
import { pushOutOfDateCommand } from '../host/commands/pushOutOfDate.ts';
import type { CommandDependencies } from '../host/commands/commandTable.ts';
import { selectEngineCommand } from '../host/commands/selectEngine.ts';
import { signInCommand } from '../host/commands/signIn.ts';
import { signOutCommand } from '../host/commands/signOut.ts';

/** The commands of docs/automation.md as functions. */
export function buildApi(parts: CommandDependencies): TeaChestApi {
  const { push, pull, planner, inspect, link } = parts;
  return {
    apiVersion: 1,
    signIn: (argument) => signInCommand(parts, argument),
    signOut: (argument) => signOutCommand(parts, argument),
    listImages: () => listImagesCommand(link),
    selectEngine: (argument) => selectEngineCommand(parts, argument),
    pushImage: (argument) => pushImageCommand(push, argument),
    pushImages: (argument) => pushImagesCommand(push, inspect, argument),
    pushOutOfDate: (argument) => pushOutOfDateCommand(parts, argument),
    planPush: (argument) => planPushCommand(planner, inspect, argument),
    pullImage: (argument) => pullImageCommand(pull, argument),
  };
}
