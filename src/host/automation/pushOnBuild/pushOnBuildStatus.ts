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
    this.#item.text = withIcon(icons[state.kind], state.kind === 'failed' ? 'Push on build failed' : 'Push on build');
    this.#item.tooltip = inertLines([
      ...rules.map(({ reference, target }) => `Builds of ${reference} → ${target ?? 'where they went last'}`),
      text,
      'Click to change the setting.',
    ]);
    this.#item.accessibilityInformation = { label: inertLines([`Push on build: ${text}`]) };
    this.#item.show();
  }

  hide(): void {
    this.#item?.hide();
  }

  dispose(): void {
    this.#item?.dispose();
  }
}

function describe(state: PushOnBuildState): string {
  switch (state.kind) {
    case 'disconnected':
      return 'The container engine does not report builds at present.';
    case 'waiting':
      return 'Builds are noticed. None was pushed yet.';
    case 'pushing':
      return `Pushing ${state.image}.`;
    case 'pushed':
      return `Pushed ${state.reference}.`;
    case 'failed':
      return `${state.image} was not pushed: ${state.reason}`;
  }
}

function createItem(): vscode.StatusBarItem {
  const item = vscode.window.createStatusBarItem('teaChest.pushOnBuild', vscode.StatusBarAlignment.Left, 9);
  item.name = 'Tea Chest: Push on Build';
  item.command = { title: 'Open Settings', command: 'teaChest.openSettings', arguments: ['teaChest.pushOnBuild'] };
  return item;
}
