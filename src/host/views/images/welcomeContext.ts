import * as vscode from 'vscode';
import type { ErrorCode, TeaChestError } from '../../../core/base/errors.ts';
import type { ImageListState } from '../../engine/imageList.ts';
import { describeEmptiness } from './imageTree.ts';

const engineStates: Partial<Record<ErrorCode, string>> = {
  engineNotFound: 'notFound',
  engineStopped: 'stopped',
  enginePermission: 'noPermission',
};

/** Sets the context keys that select the welcome text of the Images view. */
export async function setWelcomeContext(state: ImageListState): Promise<void> {
  const engine = state.kind === 'problem' ? engineState(state.error) : 'ready';
  await vscode.commands.executeCommand('setContext', 'teaChest.engine', engine);
  await vscode.commands.executeCommand('setContext', 'teaChest.engineOrigin', originOf(state));
  const emptiness = state.kind === 'ready' ? describeEmptiness(state.images) : 'none';
  await vscode.commands.executeCommand('setContext', 'teaChest.images', emptiness);
}

function engineState({ code, facts }: TeaChestError): string {
  if (facts['isMissing'] === true) return 'contextMissing';
  if (facts['isMember'] === true) return 'oldGroups';
  return engineStates[code] ?? 'failed';
}

/** Where the engine's address was configured: `setting`, `environment`, `context`; empty for a well-known socket. */
function originOf(state: ImageListState): string {
  const origin = state.kind === 'problem' ? state.error.facts['origin'] : undefined;
  return typeof origin === 'string' ? origin : '';
}
