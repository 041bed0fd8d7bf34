import type { RegistryDataProvider } from '@microsoft/vscode-docker-registries';
import * as vscode from 'vscode';
import type { Logger } from '../../core/base/logger.ts';
import type { ContractItem } from './contractItem.ts';

export const containerToolsId = 'ms-azuretools.vscode-containers';

/** Milliseconds. */
const checkInterval = 1_000;

export interface FollowContainerToolsDependencies {
  /** Called when Container Tools is active, so that nothing is built without it. */
  readonly createProvider: () => Promise<RegistryDataProvider<ContractItem> & Pick<vscode.Disposable, 'dispose'>>;
  readonly logger: Logger;
}

/**
 * Registers our registries with Container Tools once it is installed and active. It is never activated by us: VS Code has
 * no event for the activation of another extension, so `isActive` is read each second until then. While it is not
 * installed, nothing is read.
 */
export function followContainerTools(dependencies: FollowContainerToolsDependencies): vscode.Disposable {
  let registration: vscode.Disposable | undefined;
  let timer: NodeJS.Timeout | undefined;
  const stop = (): void => {
    clearInterval(timer);
    timer = undefined;
  };
  const check = (): void => {
    const extension = vscode.extensions.getExtension<unknown>(containerToolsId);
    if (extension === undefined) {
      stop();
      registration?.dispose();
      registration = undefined;
    } else if (!extension.isActive) timer ??= setInterval(check, checkInterval).unref();
    else {
      stop();
      registration ??= register(extension.exports, dependencies);
    }
  };
  const listener = vscode.extensions.onDidChange(check);
  check();
  return new vscode.Disposable(() => {
    stop();
    listener.dispose();
    registration?.dispose();
  });
}

/** The parts of Container Tools' exports that we use (`DockerExtensionApi` of the package vscode-docker-registries). */
interface RegistriesApi {
  registerRegistryDataProvider(id: string, provider: RegistryDataProvider<ContractItem>): vscode.Disposable;
}

function isRegistriesApi(exports: unknown): exports is RegistriesApi {
  if (typeof exports !== 'object' || exports === null) return false;
  return 'registerRegistryDataProvider' in exports && typeof exports.registerRegistryDataProvider === 'function';
}

function register(exports: unknown, { createProvider, logger }: FollowContainerToolsDependencies): vscode.Disposable {
  let isDisposed = false;
  const parts: Pick<vscode.Disposable, 'dispose'>[] = [];
  const dispose = (): void => {
    isDisposed = true;
    for (const part of parts.splice(0).reverse()) part.dispose();
  };
  const start = async (): Promise<void> => {
    if (!isRegistriesApi(exports)) {
      logger.info('This version of Container Tools takes no registries from other extensions.');
      return;
    }
    const provider = await createProvider();
    parts.push(provider);
    if (isDisposed) dispose();
    else {
      parts.push(exports.registerRegistryDataProvider(provider.id, provider));
      void vscode.commands.executeCommand('setContext', 'teaChest.inContainerTools', true);
    }
  };
  start().catch((error: unknown) => {
    logger.warn(`Container Tools did not take our registries: ${String(error)}`);
    dispose();
  });
  return new vscode.Disposable(dispose);
}
