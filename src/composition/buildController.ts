import type { Logger } from '../core/base/logger.ts';
import { checkSettings } from '../host/config.ts';
import { gitRepositories } from '../host/connections/gitExtension.ts';
import type { AskSignInDependencies } from '../host/connections/signInState.ts';
import { askModal } from '../host/display/messages.ts';
import type { EngineLink } from '../host/engine/engine.ts';
import type { ImageList } from '../host/engine/imageList.ts';
import { folderRepositories } from '../host/registry/folderRepositories.ts';
import { CheckedRunner } from '../host/push/checks/checkedRunner.ts';
import type { CheckSources } from '../host/push/checks/pushConcerns.ts';
import type { InspectImage } from '../host/push/composeImages.ts';
import type { PushControllerDependencies } from '../host/push/pushController.ts';
import type { PushRunner } from '../host/push/pushRunner.ts';
import type { Registries } from './buildRegistries.ts';
import type { TagComparison } from './buildTagComparison.ts';

/** What turns requests into pushes, with a dialog or without one. */
export interface Controller extends Registries, Omit<PushControllerDependencies, 'preview' | keyof Registries> {
  readonly inspect: InspectImage;
  readonly runner: CheckedRunner;
}

interface ControllerDependencies {
  readonly signIn: AskSignInDependencies;
  readonly runner: PushRunner;
  readonly link: EngineLink;
  readonly images: ImageList;
  readonly comparison: TagComparison;
  readonly onPushed: PushControllerDependencies['onPushed'];
}

export function buildController(
  registries: Registries,
  { signIn, runner, link, images, comparison, onPushed }: ControllerDependencies,
  logger: Logger,
): Controller {
  const inspect: InspectImage = async (image) =>
    (await link.get()).inspect(image, { signal: new AbortController().signal });
  const compare: CheckSources['compare'] = ({ image, connection, target }, signal) => {
    const lastPush = comparison.lastPush(image, { connection, target });
    return comparison.read({ image, connection, target, lastPush }, signal);
  };
  const checks = { settings: checkSettings, repositories: gitRepositories, ask: askModal, compare };
  const checked = new CheckedRunner({ ...checks, runner, inspect, publicOwners: registries.publicOwners, logger });
  const own = { images, inspect, runner: checked, onPushed, folderRepositories };
  return { ...registries, ...signIn, ...own, store: registries.store };
}
