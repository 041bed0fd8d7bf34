import * as l10n from '@vscode/l10n';
import * as vscode from 'vscode';
import { inertLines, inertText, withIcon } from '../display/inertText.ts';
import { describePullBriefly, pulledLayerLines } from '../progress/pullText.ts';
import type { PullRunner, RunningPull } from './pullRunner.ts';

/** `43% · 61 MB/s · 12 s` while pulls run, with a line for each layer in its tooltip. A click shows the notification again. */
export class PullStatusBar implements vscode.Disposable {
  #item: vscode.StatusBarItem | undefined;

  constructor(runner: Pick<PullRunner, 'onProgress'>) {
    runner.onProgress((pulls) => {
      this.#show(pulls);
    });
  }

  dispose(): void {
    this.#item?.dispose();
  }

  #show(pulls: readonly RunningPull[]): void {
    const [first, ...others] = pulls;
    if (first === undefined) {
      this.#item?.hide();
      return;
    }
    this.#item ??= createItem();
    const more = others.length === 0 ? [] : [l10n.t`+${others.length} more`];
    const brief = [describePullBriefly(first.snapshot), ...more].join(' · ');
    this.#item.text = withIcon('cloud-download', brief);
    this.#item.tooltip = inertLines(
      pulls.flatMap(({ reference, snapshot }) => [l10n.t`Pull of ${reference}`, ...pulledLayerLines(snapshot)]),
    );
    this.#item.accessibilityInformation = { label: inertText(`${l10n.t`Pull of ${first.reference}`}: ${brief}`) };
    this.#item.show();
  }
}

function createItem(): vscode.StatusBarItem {
  const item = vscode.window.createStatusBarItem('teaChest.pull', vscode.StatusBarAlignment.Left, 10);
  item.name = l10n.t('Tea Chest Pulls');
  item.command = 'notifications.showList';
  return item;
}
