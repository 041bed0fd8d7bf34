import * as l10n from '@vscode/l10n';
import * as vscode from 'vscode';
import { inertLines, inertText, withIcon } from '../display/inertText.ts';
import type { ImagesSnapshot } from '../../core/push/imagesProgress.ts';
import { closingText } from '../progress/closingText.ts';
import { describeRuns, imageLines } from '../progress/imagesText.ts';
import type { PushRunner } from './pushRunner.ts';

/** `43% · 61 MB/s · 12 s` while pushes run, with a line for each image in its tooltip, and what a closed window would do. Created when the first one starts. A click shows the Pushes view. */
export class PushStatusBar implements vscode.Disposable {
  #item: vscode.StatusBarItem | undefined;

  constructor(runner: Pick<PushRunner, 'onProgress'>) {
    runner.onProgress((runs) => {
      this.#show(runs);
    });
  }

  dispose(): void {
    this.#item?.dispose();
  }

  #show(runs: readonly ImagesSnapshot[]): void {
    if (runs.length === 0) {
      this.#item?.hide();
      return;
    }
    this.#item ??= createItem();
    const brief = describeRuns(runs);
    this.#item.text = withIcon('cloud-upload', brief);
    this.#item.tooltip = inertLines([...runs.flatMap(imageLines), closingText('running')]);
    this.#item.accessibilityInformation = { label: inertText(`${spokenTitle(runs)}: ${brief}`) };
    this.#item.show();
  }
}

function spokenTitle([first]: readonly ImagesSnapshot[]): string {
  const [only, ...others] = first?.images ?? [];
  if (others.length > 0) return l10n.t`Push of ${others.length + 1} images`;
  const reference = only?.snapshot.reference;
  return reference === undefined ? l10n.t('Push of an image') : l10n.t`Push of ${reference}`;
}

function createItem(): vscode.StatusBarItem {
  const item = vscode.window.createStatusBarItem('teaChest.push', vscode.StatusBarAlignment.Left, 10);
  item.name = l10n.t('Tea Chest Pushes');
  item.command = 'teaChest.pushes.focus';
  return item;
}
