import * as l10n from '@vscode/l10n';
import * as vscode from 'vscode';
import type { EngineChoice } from '../core/docker/endpoint/discoverEndpoint.ts';
import type { SortOrder } from '../core/gitea/browse/listImages.ts';
import type { ProxySettings } from '../core/registry/types.ts';
import { readPushRules, type PushRule } from './automation/pushOnBuild/pushRule.ts';
import { checkLevels, type CheckSettings, type CheckLevel } from './push/checks/checkSettings.ts';
import { compressions, strategies, type Compression, type Strategy } from './push/pushArguments.ts';

/** The settings of a push. Read at each push, so that a change needs no reload. */
export interface PushSettings {
  readonly compression: Compression;
  readonly gzipLevel: number;
  readonly parallelBlobs: number;
  readonly strategy: Strategy;
  /** Pushes that run at one time; the others wait. */
  readonly maxConcurrent: number;
}

/** `teaChest.push.linkRepository` */
export type LinkSetting = 'ask' | 'always' | 'never';

const section = (): vscode.WorkspaceConfiguration => vscode.workspace.getConfiguration('teaChest');

const engineSettings = { host: 'engine.host', context: 'engine.context' } as const;

/** Without a host and a context: DOCKER_HOST, the current docker context, CONTAINER_HOST or the well-known sockets. */
export function engineChoice(): EngineChoice {
  const read = (name: string): string | undefined => emptyToUndefined(section().get<string>(name));
  return { host: read(engineSettings.host), context: read(engineSettings.context) };
}

/** Writes both settings, the one that is not chosen as unset: where a workspace has set one, there. */
export async function setEngineChoice(choice: EngineChoice): Promise<void> {
  const isInWorkspace = Object.values(engineSettings).some(
    (name) => section().inspect(name)?.workspaceValue !== undefined,
  );
  const { Global, Workspace } = vscode.ConfigurationTarget;
  const target = isInWorkspace ? Workspace : Global;
  // In a workspace, an empty value hides the one of the user.
  const unset = isInWorkspace ? '' : undefined;
  // A host has precedence: the context is written while the former host is there, and removed once the new one is.
  const order = choice.host === undefined ? (['context', 'host'] as const) : (['host', 'context'] as const);
  for (const name of order) {
    await section().update(engineSettings[name], choice[name] ?? unset, target);
  }
}

/** Undefined: the extension's own storage folder. */
export function spoolFolder(): string | undefined {
  return emptyToUndefined(section().get<string>('spool.folder'));
}

export function showDangling(): boolean {
  return section().get<boolean>('images.showDangling') === true;
}

export async function setShowDangling(show: boolean): Promise<void> {
  await section().update('images.showDangling', show, vscode.ConfigurationTarget.Global);
}

/** The order of images and tags in the Registries view. */
export function registriesSort(): SortOrder {
  return section().get<string>('registries.sort') === 'name' ? 'name' : 'newest';
}

export async function setRegistriesSort(order: SortOrder): Promise<void> {
  await section().update('registries.sort', order, vscode.ConfigurationTarget.Global);
}

/** Whether a push links its package to the repository of the open folder. */
export function linkSetting(): LinkSetting {
  const value = section().get<string>('push.linkRepository');
  return value === 'always' || value === 'never' ? value : 'ask';
}

export function pushSettings(): PushSettings {
  const compression = section().get<string>('push.compression');
  const strategy = section().get<string>('push.strategy');
  return {
    compression: compressions.find((one) => one === compression) ?? 'stored',
    gzipLevel: integerBetween(section().get<number>('push.gzipLevel'), 1, 9, 1),
    parallelBlobs: integerBetween(section().get<number>('push.parallelBlobs'), 1, 6, 3),
    strategy: strategies.find((one) => one === strategy) ?? 'auto',
    maxConcurrent: integerBetween(section().get<number>('push.maxConcurrent'), 1, 10, 2),
  };
}

/** True: a push that a person asks for begins with its plan. */
export function alwaysPreviewsPush(): boolean {
  return section().get<string>('push.preview') === 'always';
}

export function checkSettings(): CheckSettings {
  const read = (name: keyof CheckSettings): CheckLevel => {
    const value = section().get<string>(`check.${name}`);
    return checkLevels.find((one) => one === value) ?? 'off';
  };
  return {
    dirtyWorkingTree: read('dirtyWorkingTree'),
    existingTag: read('existingTag'),
    latestTag: read('latestTag'),
  };
}

/** Which builds are pushed. None in a folder that is not trusted, whoever has written the setting. */
export function pushOnBuildRules(): readonly PushRule[] {
  return vscode.workspace.isTrusted ? readPushRules(section().get('pushOnBuild')) : [];
}

/** VS Code's proxy settings. `http.proxySupport: off` also disables the proxy of the environment. */
export function proxySettings(): ProxySettings {
  const http = vscode.workspace.getConfiguration('http');
  if (http.get<string>('proxySupport') === 'off') return { url: undefined, bypass: ['*'] };
  const authorization = emptyToUndefined(http.get<string | null>('proxyAuthorization') ?? undefined);
  return {
    url: emptyToUndefined(http.get<string>('proxy')),
    bypass: http.get<string[]>('noProxy') ?? [],
    ...(authorization !== undefined && { authorization }),
    source: l10n.t({
      message: 'VS Code’s setting http.proxy',
      comment: 'Noun phrase, as in “The proxy comes from VS Code’s setting http.proxy”',
    }),
    bypassSource: l10n.t({
      message: 'VS Code’s setting http.noProxy',
      comment: 'Noun phrase, as in “add gitea.example.com to VS Code’s setting http.noProxy”',
    }),
  };
}

function emptyToUndefined(text: string | undefined): string | undefined {
  const trimmed = text?.trim();
  return trimmed === undefined || trimmed === '' ? undefined : trimmed;
}

/** The settings editor warns about numbers out of range, but accepts them. */
function integerBetween(value: number | undefined, least: number, most: number, otherwise: number): number {
  if (value === undefined || !Number.isFinite(value)) return otherwise;
  return Math.min(most, Math.max(least, Math.round(value)));
}
