import * as l10n from '@vscode/l10n';
import * as vscode from 'vscode';
import { inertLines, withIcon } from '../../display/inertText.ts';
import type { PushRule } from './pushRule.ts';

/** What push on build does at present. */
export type PushOnBuildState =
  /** The engine does not send its events, or has not yet. */
  | { readonly kind: 'disconnected' }
  | { readonly kind: 'waiting' }
  | { readonly kind: 'pushing'; readonly image: string }
  | { readonly kind: 'pushed'; readonly reference: string }
  | { readonly kind: 'failed'; readonly image: string; readonly reason: string };

const icons: Readonly<Record<PushOnBuildState['kind'], string>> = {
  disconnected: 'debug-disconnect',
  waiting: 'eye',
  pushing: 'sync~spin',
  pushed: 'eye',
  failed: 'warning',
};

/** An entry of the status bar while push on build is on. A click opens the setting. */
export class PushOnBuildStatus implements vscode.Disposable {
  #item: vscode.StatusBarItem | undefined;

  show(rules: readonly PushRule[], state: PushOnBuildState): void {
    this.#item ??= createItem();
    const text = describe(state);
    this.#item.text = withIcon(
      icons[state.kind],
      state.kind === 'failed' ? l10n.t('Push on build failed') : l10n.t('Push on build'),
    );
    this.#item.tooltip = inertLines([...rules.map(describeRule), text, l10n.t('Click to change the setting.')]);
    this.#item.accessibilityInformation = { label: inertLines([`${l10n.t('Push on build')}: ${text}`]) };
    this.#item.show();
  }

  hide(): void {
    this.#item?.hide();
  }

  dispose(): void {
    this.#item?.dispose();
  }
}

function describeRule({ reference, target }: PushRule): string {
  return target === undefined
    ? l10n.t`Builds of ${reference} → where they went last`
    : l10n.t`Builds of ${reference} → ${target}`;
}

function describe(state: PushOnBuildState): string {
  switch (state.kind) {
    case 'disconnected':
      return l10n.t('The container engine does not report builds at present.');
    case 'waiting':
      return l10n.t('Builds are noticed. None was pushed yet.');
    case 'pushing':
      return l10n.t`Pushing ${state.image}.`;
    case 'pushed':
      return l10n.t`Pushed ${state.reference}.`;
    case 'failed':
      return l10n.t`${state.image} was not pushed: ${state.reason}`;
  }
}

function createItem(): vscode.StatusBarItem {
  const item = vscode.window.createStatusBarItem('teaChest.pushOnBuild', vscode.StatusBarAlignment.Left, 9);
  item.name = l10n.t('Tea Chest: Push on Build');
  item.command = {
    title: l10n.t('Open Settings'),
    command: 'teaChest.openSettings',
    arguments: ['teaChest.pushOnBuild'],
  };
  return item;
}
