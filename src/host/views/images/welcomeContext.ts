import * as l10n from '@vscode/l10n';
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
  const source = state.kind === 'problem' ? engineSource(state.error) : '';
  await vscode.commands.executeCommand('setContext', 'teaChest.engineSource', source);
  const emptiness = state.kind === 'ready' ? describeEmptiness(state.images) : 'none';
  await vscode.commands.executeCommand('setContext', 'teaChest.images', emptiness);
}

function engineState({ code, facts }: TeaChestError): string {
  if (facts['isMissing'] === true) return 'contextMissing';
  if (facts['isMember'] === true) return 'oldGroups';
  return engineStates[code] ?? 'failed';
}

/** Where the address was configured, as the `when` clauses of package.json have it: the same in every language. */
function engineSource({ facts: { source, context } }: TeaChestError): string {
  if (typeof source !== 'string') return '';
  const variable = ['DOCKER_HOST', 'CONTAINER_HOST'].find((name) => source.startsWith(name));
  if (variable !== undefined) return variable;
  if (source.startsWith(l10n.t('the setting teaChest.engine.host'))) return 'the setting';
  return typeof context === 'string' ? 'the docker context' : '';
}
