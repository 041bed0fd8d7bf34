import * as l10n from '@vscode/l10n';
import * as v from 'valibot';
import type * as vscode from 'vscode';
import { toExtension, type Page, type PageAction, type ToPage } from '../../webview/pushPage/protocol.ts';
import { inertText } from '../display/inertText.ts';
import { pushNoun } from '../progress/imagesText.ts';
import { pageHtml, pageResources } from './pageHtml.ts';

export const pageType = 'teaChest.pushPage';

/** Milliseconds between two updates. */
const interval = 200;

export interface PanelOptions {
  readonly extensionUri: vscode.Uri;
  /** `image`: the key of the image whose button it is. */
  readonly onAction: (id: PageAction, image?: string) => void;
  readonly onDispose: () => void;
}

/** The editor tab of one page. Sends what it shows at most five times a second, and only while it can be seen. */
export class PagePanel implements vscode.Disposable {
  readonly #panel: vscode.WebviewPanel;
  #message: ToPage | undefined;
  #isReady = false;
  #isSent = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(panel: vscode.WebviewPanel, { extensionUri, onAction, onDispose }: PanelOptions) {
    this.#panel = panel;
    panel.webview.options = { enableScripts: true, localResourceRoots: [pageResources(extensionUri)] };
    panel.webview.onDidReceiveMessage((received: unknown) => {
      const message = v.safeParse(toExtension, received);
      if (!message.success) return;
      if (message.output.type === 'action') onAction(message.output.id, message.output.image);
      else this.#begin();
    });
    // A page that was hidden is loaded again, and says so.
    panel.onDidChangeViewState(() => {
      if (!panel.visible) this.#isReady = false;
    });
    panel.onDidDispose(() => {
      clearTimeout(this.#timer);
      this.#isReady = false;
      onDispose();
    });
    panel.webview.html = pageHtml(panel.webview, extensionUri);
  }

  /** `source`: what the page is of. */
  show(page: Page, source: unknown): void {
    this.#panel.title = inertText(tabTitle(page), 80);
    this.#message = { type: 'page', page, source };
    this.#isSent = false;
    if (this.#timer === undefined) this.#flush();
  }

  reveal(): void {
    this.#panel.reveal();
  }

  dispose(): void {
    this.#panel.dispose();
  }

  #begin(): void {
    this.#isReady = true;
    this.#isSent = false;
    this.#flush();
  }

  #flush(): void {
    this.#timer = undefined;
    if (!this.#isReady || this.#isSent || this.#message === undefined) return;
    this.#isSent = true;
    void this.#panel.webview.postMessage(this.#message);
    this.#timer = setTimeout(() => {
      this.#flush();
    }, interval);
  }
}

const tabNames: Readonly<Record<Page['mode'], string>> = {
  push: pushNoun(),
  plan: l10n.t({ message: 'Preview', comment: 'Noun: the preview of a push' }),
  layers: l10n.t('Layers'),
};

function tabTitle({ mode, title }: Page): string {
  return `${tabNames[mode]}: ${title}`;
}
