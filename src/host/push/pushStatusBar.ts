import * as vscode from 'vscode';
import { inertLines, inertText, withIcon } from '../display/inertText.ts';
import type { PushRunner } from './pushRunner.ts';
import { describeBriefly, describePush } from '../progress/pushText.ts';

/** `43% · 61 MB/s · 12 s` while pushes run; made when the first one starts. A click brings the notification back. */
export class PushStatusBar implements vscode.Disposable {
  readonly #runner: PushRunner;
  #item: vscode.StatusBarItem | undefined;

  constructor(runner: PushRunner) {
    this.#runner = runner;
  }

  update(): void {
    const snapshots = this.#runner.snapshots();
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

  dispose(): void {
    this.#item?.dispose();
  }
}

function createItem(): vscode.StatusBarItem {
  const item = vscode.window.createStatusBarItem('teaChest.push', vscode.StatusBarAlignment.Left, 10);
  item.name = 'Tea Chest Pushes';
  item.command = 'notifications.showList';
  return item;
}
