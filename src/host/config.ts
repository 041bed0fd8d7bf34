import * as vscode from 'vscode';
import type { ProxySettings } from '../core/registry/types.ts';
import { compressions, strategies, type Compression, type Strategy } from './push/pushArguments.ts';

/** How a push is done; read anew at each push, so that a changed setting needs no reload. */
export interface PushSettings {
  readonly compression: Compression;
  readonly gzipLevel: number;
  readonly parallelBlobs: number;
  readonly strategy: Strategy;
}

const section = (): vscode.WorkspaceConfiguration => vscode.workspace.getConfiguration('teaChest');

/** Undefined: look at DOCKER_HOST, the docker context and the usual sockets. */
export function engineHost(): string | undefined {
  return emptyToUndefined(section().get<string>('engine.host'));
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

export function pushSettings(): PushSettings {
  const compression = section().get<string>('push.compression');
  const strategy = section().get<string>('push.strategy');
  return {
    compression: compressions.find((one) => one === compression) ?? 'stored',
    gzipLevel: whole(section().get<number>('push.gzipLevel'), 1, 9, 1),
    parallelBlobs: whole(section().get<number>('push.parallelBlobs'), 1, 6, 3),
    strategy: strategies.find((one) => one === strategy) ?? 'auto',
  };
}

/** VS Code's own proxy settings. Switched off there means: no proxy at all, not even the environment's. */
export function proxySettings(): ProxySettings {
  const http = vscode.workspace.getConfiguration('http');
  if (http.get<string>('proxySupport') === 'off') return { url: undefined, bypass: ['*'] };
  const authorization = emptyToUndefined(http.get<string | null>('proxyAuthorization') ?? undefined);
  return {
    url: emptyToUndefined(http.get<string>('proxy')),
    bypass: http.get<string[]>('noProxy') ?? [],
    ...(authorization !== undefined && { authorization }),
    source: 'VS Code’s setting http.proxy',
    bypassSource: 'VS Code’s setting http.noProxy',
  };
}

function emptyToUndefined(text: string | undefined): string | undefined {
  const trimmed = text?.trim();
  return trimmed === undefined || trimmed === '' ? undefined : trimmed;
}

/** The settings editor warns of numbers out of range, but lets them be. */
function whole(value: number | undefined, least: number, most: number, otherwise: number): number {
  if (value === undefined || !Number.isFinite(value)) return otherwise;
  return Math.min(most, Math.max(least, Math.round(value)));
}
