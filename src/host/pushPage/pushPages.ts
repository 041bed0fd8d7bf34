import * as l10n from '@vscode/l10n';
import * as vscode from 'vscode';
import { toTeaChestError } from '../../core/base/errors.ts';
import type { Logger } from '../../core/base/logger.ts';
import type { ImageRecord, PushRecord } from '../../core/push/record/pushRecord.ts';
import type { Page, PageAction } from '../../webview/pushPage/protocol.ts';
import type { ConnectionStore } from '../connections/connectionStore.ts';
import { copyDigests } from '../display/clipboard.ts';
import { reportFailure } from '../errors/reportFailure.ts';
import type { PushHistory } from '../history/pushHistory.ts';
import { imagesToPushAgain, pushAgain } from '../push/pushAgain.ts';
import type { PushArguments } from '../push/pushArguments.ts';
import type { PushController } from '../push/pushController.ts';
import type { PushPlanner } from '../push/pushPlanner.ts';
import type { PushRunner } from '../push/pushRunner.ts';
import { recordedArguments } from '../push/recordedArguments.ts';
import { recordedPage } from '../targets/recordedTarget.ts';
import { runNode } from '../views/pushes/pushNodes.ts';
import { imageOfRun } from './imageOfRun.ts';
import { layersPage, type LayersState } from './layersPage.ts';
import { PagePanel, pageType } from './pagePanel.ts';
import { keyOf, readPageSource, type PageSource } from './pageSource.ts';
import { planPage, type PlanState } from './planPage.ts';
import { goneRecordPage, recordPage } from './recordPage.ts';

export interface PushPagesOptions {
  readonly extensionUri: vscode.Uri;
  readonly history: Pick<PushHistory, 'find' | 'isHere' | 'onDidChange'>;
  readonly runner: Pick<PushRunner, 'cancel'>;
  readonly planner: Pick<PushPlanner, 'plan' | 'layers' | 'confirm'>;
  readonly push: Pick<PushController, 'pushArguments' | 'pushEach' | 'preview' | 'showFailure' | 'showPlanFailure'>;
  readonly store: Pick<ConnectionStore, 'find'>;
  readonly logger: Logger;
}

/** A tab, what it is of, and what was found out for it. */
interface OpenPage {
  readonly panel: PagePanel;
  source: PageSource;
  plan: PlanState;
  layers: LayersState;
  /** Ends the question that was asked last. */
  asking: AbortController;
  /** Its button has begun a push, which has no record yet: another click does not begin a second one. */
  isBeginning: boolean;
}

/** The push pages that are open: of pushes, of plans, and of the layers of images. Each thing has one tab. */
export class PushPages implements vscode.Disposable {
  readonly #options: PushPagesOptions;
  readonly #pages = new Set<OpenPage>();
  readonly #subscriptions: readonly vscode.Disposable[];

  constructor(options: PushPagesOptions) {
    this.#options = options;
    this.#subscriptions = [
      options.history.onDidChange(({ ids }) => {
        for (const page of this.#pages) if (page.source.kind === 'push' && ids.has(page.source.id)) this.#draw(page);
      }),
      vscode.window.registerWebviewPanelSerializer(pageType, {
        deserializeWebviewPanel: (panel, state) => {
          const source = readPageSource(state);
          if (source === undefined) panel.dispose();
          else this.#add(panel, source);
          return Promise.resolve();
        },
      }),
    ];
  }

  /** `target`: shows one of several images. */
  showPush(id: string, target?: string): void {
    this.#open({ kind: 'push', id, ...(target !== undefined && { target }) });
  }

  /** Shows what a push would do; the person can begin it there. */
  showPlan(all: readonly PushArguments[]): void {
    this.#open({ kind: 'plan', all });
  }

  showLayers(image: string): void {
    this.#open({ kind: 'layers', image });
  }

  dispose(): void {
    for (const subscription of this.#subscriptions) subscription.dispose();
    for (const { panel, asking } of [...this.#pages]) {
      asking.abort();
      panel.dispose();
    }
  }

  #open(source: PageSource): void {
    const open = [...this.#pages].find((page) => keyOf(page.source) === keyOf(source));
    if (open !== undefined) {
      open.panel.reveal();
      return;
    }
    this.#add(vscode.window.createWebviewPanel(pageType, l10n.t('Tea Chest'), vscode.ViewColumn.Active), source);
  }

  #add(tab: vscode.WebviewPanel, source: PageSource): void {
    const { extensionUri } = this.#options;
    const panel = new PagePanel(tab, {
      extensionUri,
      onAction: (id, image) => void this.#run(page, id, image),
      onDispose: () => {
        page.asking.abort();
        this.#pages.delete(page);
      },
    });
    const asking = new AbortController();
    const page: OpenPage = {
      ...{ panel, source, plan: { kind: 'asking' }, layers: { kind: 'asking' }, asking, isBeginning: false },
    };
    this.#pages.add(page);
    void this.#ask(page);
  }

  /** Draws the page, and asks the engine and the registry where it needs their answers. */
  async #ask(page: OpenPage): Promise<void> {
    page.asking.abort();
    const asking = new AbortController();
    Object.assign(page, { asking, plan: { kind: 'asking' }, layers: { kind: 'asking' } });
    this.#draw(page);
    const { planner, logger } = this.#options;
    const { source } = page;
    const { signal } = asking;
    try {
      if (source.kind === 'plan') page.plan = { kind: 'planned', planned: await planner.plan(source.all, signal) };
      if (source.kind === 'layers') page.layers = { kind: 'read', image: await planner.layers(source.image, signal) };
    } catch (error) {
      const failure = toTeaChestError(error);
      if (signal.aborted) return;
      logger.info(`The page of ${keyOf(source)} could not be filled (${failure.code}): ${failure.message}`);
      const state = { kind: 'failed', error: failure } as const;
      Object.assign(page, { plan: state, layers: state });
    }
    if (!signal.aborted && page.source === source) this.#draw(page);
  }

  /** A tab that was closed throws, and a push goes on without its page. */
  #draw(page: OpenPage): void {
    if (!this.#pages.has(page)) return;
    page.panel.show(this.#drawing(page), page.source);
  }

  #drawing({ source, plan, layers }: OpenPage): Page {
    const { history } = this.#options;
    switch (source.kind) {
      case 'push': {
        const record = this.#recordOf(source);
        if (record === undefined) return goneRecordPage();
        return recordPage(record, {
          isHere: history.isHere(source.id),
          isWhole: source.target === undefined,
          hasPage: record.images.some((image) => this.#hasPage(image)),
        });
      }
      case 'plan':
        return planPage(source.all, plan);
      case 'layers':
        return layersPage(source.image, layers);
    }
  }

  #recordOf({ id, target }: Extract<PageSource, { kind: 'push' }>): PushRecord | undefined {
    const record = this.#options.history.find(id);
    return record === undefined || target === undefined ? record : imageOfRun(record, target);
  }

  #hasPage(image: ImageRecord): boolean {
    const connection = this.#options.store.find(image.origin);
    return connection !== undefined && recordedPage(image, connection) !== undefined;
  }

  /** `image`: the key of the image whose button was clicked, on a page of several. */
  async #run(page: OpenPage, id: PageAction, image = '0'): Promise<void> {
    const { source } = page;
    if (id === 'showLog') await vscode.commands.executeCommand('teaChest.showLog');
    else if (id === 'showPushes') await vscode.commands.executeCommand('teaChest.pushes.focus');
    else if (id === 'showError') await this.#showError(page, Number(image));
    else if (id === 'planAgain') await this.#ask(page);
    else if (source.kind === 'plan' && id === 'push') await this.#push(page, source.all, true);
    else if (source.kind === 'layers' && id === 'preview') await this.#options.push.preview([source.image]);
    else if (source.kind === 'push') await this.#runOnRecord(page, source, id);
  }

  async #runOnRecord(page: OpenPage, source: Extract<PageSource, { kind: 'push' }>, action: PageAction): Promise<void> {
    const { runner } = this.#options;
    const record = this.#recordOf(source);
    if (record === undefined) return;
    if (action === 'cancel') runner.cancel(source.id);
    else if (action === 'retry') await this.#push(page, imagesToPushAgain(record.images).map(recordedArguments), false);
    else if (action === 'copyDigest') await copyDigests(record.images.flatMap(({ result }) => result?.digest ?? []));
    else if (action === 'openInBrowser') {
      await vscode.commands.executeCommand('teaChest.pushes.openInBrowser', runNode(record));
    }
  }

  /** `at`: the position of the image, 0 where the page has one. */
  async #showError(page: OpenPage, at: number): Promise<void> {
    const { source, plan, layers } = page;
    const { push } = this.#options;
    if (source.kind === 'push') {
      const image = this.#recordOf(source)?.images[at];
      if (image !== undefined) await push.showFailure(image);
      return;
    }
    const failure = source.kind === 'plan' ? plan : layers;
    if (failure.kind === 'failed') await reportFailure(failure.error, { retry: () => this.#askAgain(page, source) });
    if (source.kind !== 'plan' || plan.kind !== 'planned') return;
    const [image, args] = [plan.planned.plan.images[at], source.all[at]];
    if (image?.kind !== 'failed' || args === undefined) return;
    await push.showPlanFailure(args, image.error, (changed) =>
      this.#askAgain(page, { kind: 'plan', all: source.all.with(at, changed) }),
    );
  }

  /** In the same tab, or in a new one if that was closed meanwhile. */
  async #askAgain(page: OpenPage, source: PageSource): Promise<void> {
    if (!this.#pages.has(page)) {
      this.#open(source);
      return;
    }
    page.source = source;
    await this.#ask(page);
  }

  /** The page is that of the push as soon as that has a record. The controller shows a failure. */
  async #push(page: OpenPage, all: readonly PushArguments[], isPlan: boolean): Promise<void> {
    if (page.isBeginning) return;
    page.isBeginning = true;
    const onRecord = (id: string): void => {
      page.isBeginning = false;
      page.source = { kind: 'push', id };
      this.#draw(page);
    };
    try {
      if (isPlan && !(await this.#options.planner.confirm(all))) return;
      await pushAgain(all, this.#options.push, { onRecord });
    } catch (error) {
      void reportFailure(error, {});
    } finally {
      page.isBeginning = false;
    }
  }
}
