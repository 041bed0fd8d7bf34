import * as vscode from 'vscode';
import { inertLines, inertText, withIcon } from '../display/inertText.ts';
import type { PushSnapshot } from '../../core/push/pushProgress.ts';
import { describeBriefly, describePush } from '../progress/pushText.ts';
import type { PushRunner } from './pushRunner.ts';

/** `43% · 61 MB/s · 12 s` while pushes run. Created when the first one starts. A click shows the notification again. */
export class PushStatusBar implements vscode.Disposable {
  #item: vscode.StatusBarItem | undefined;

  constructor(runner: Pick<PushRunner, 'onProgress'>) {
    runner.onProgress((snapshots) => {
      this.#show(snapshots);
    });
  }

  dispose(): void {
    this.#item?.dispose();
  }

  #show(snapshots: readonly PushSnapshot[]): void {
    if (snapshots.length === 0) {
      this.#item?.hide();
      return;
    }
    this.#item ??= createItem();
    const brief = describeBriefly(snapshots);
    this.#item.text = withIcon('cloud-upload', brief);
    this.#item.tooltip = inertLines(snapshots.map((one) => `${one.reference ?? 'Push'}: ${describePush(one)}`));
    const spoken = `Push of ${snapshots[0]?.reference ?? 'an image'}: ${brief}`;
    this.#item.accessibilityInformation = { label: inertText(spoken) };
    this.#item.show();
  }
}

function createItem(): vscode.StatusBarItem {
  const item = vscode.window.createStatusBarItem('teaChest.push', vscode.StatusBarAlignment.Left, 10);
  item.name = 'Tea Chest Pushes';
  item.command = 'notifications.showList';
  return item;
}
