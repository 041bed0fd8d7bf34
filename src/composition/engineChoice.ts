import type * as vscode from 'vscode';
import type { Logger } from '../core/base/logger.ts';
import { discoverEndpoint } from '../core/docker/endpoint/discoverEndpoint.ts';
import { dockerConfigFolder } from '../core/docker/endpoint/dockerConfigFolder.ts';
import { thisHost } from '../core/docker/endpoint/hostEnvironment.ts';
import { listEngines } from '../core/docker/endpoint/listEngines.ts';
import type { SelectEngineDependencies } from '../host/commands/selectEngine.ts';
import { engineChoice, setEngineChoice } from '../host/config.ts';
import type { EngineLink } from '../host/engine/engine.ts';
import { followDockerContexts, type FollowContextsDependencies } from '../host/engine/followDockerContexts.ts';

/** The engines of this machine, and the settings that choose one. */
export const engines: SelectEngineDependencies['engines'] = {
  list: () => listEngines(),
  find: (choice) => discoverEndpoint(choice),
  current: engineChoice,
  save: setEngineChoice,
};

/** Reports to `images` when a change of docker's contexts leads to another engine. */
export function followContexts(
  link: EngineLink,
  images: FollowContextsDependencies['images'],
  logger: Logger,
): vscode.Disposable {
  return followDockerContexts({
    ...{ link, images, logger },
    folder: () => dockerConfigFolder(thisHost()),
    find: () => discoverEndpoint(engineChoice()),
  });
}

/** Also says when another engine was chosen, after the link has left the former one. */
export function withListener<Shown extends FollowContextsDependencies['images']>(
  shown: Shown,
  engineChanged: () => void,
): Shown {
  return {
    ...shown,
    engineChanged: () => {
      const changed = shown.engineChanged();
      engineChanged();
      return changed;
    },
  };
}
