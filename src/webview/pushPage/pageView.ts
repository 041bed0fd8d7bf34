import { Announcer } from './announcer.ts';
import { ButtonList } from './buttonList.ts';
import { element, Parts, setAttribute, setShown, setText } from './dom.ts';
import { ImageSection } from './imageSection.ts';
import { FactList, NoticeList } from './lists.ts';
import type { Page, PageAction, PageImage } from './protocol.ts';
import { RateChart } from './rateChart.ts';

/** The whole page. `update` changes what is different and leaves the rest of the document as it is. */
export class PageView {
  readonly root = element('main');
  readonly #kicker = element('p', 'kicker');
  readonly #title = element('h1');
  readonly #subtitle = element('p', 'subtitle');
  readonly #status = element('p', 'status');
  readonly #progress = element('div', 'progress');
  readonly #progressFill = element('div', 'progress-fill');
  readonly #facts = new FactList();
  readonly #notices = new NoticeList();
  readonly #chart = new RateChart();
  readonly #actions: ButtonList;
  readonly #images: Parts<readonly [PageImage, Page], ImageSection>;
  readonly #announcer: Announcer;

  /** `image`: the key of the image whose button it is. */
  constructor(onAction: (id: PageAction, image?: string) => void) {
    const live = element('p', 'hidden-text');
    live.setAttribute('role', 'status');
    this.#announcer = new Announcer((text) => {
      // Not in the frame in which the element comes into the document: that is no change for a screen reader.
      requestAnimationFrame(() => {
        setText(live, text);
      });
    });
    this.#progress.setAttribute('role', 'progressbar');
    this.#progress.setAttribute('aria-valuemin', '0');
    this.#progress.setAttribute('aria-valuemax', '100');
    this.#progress.append(this.#progressFill);
    this.#actions = new ButtonList(onAction);
    const images = element('div', 'images');
    this.#images = new Parts(
      images,
      ([{ key }]) => key,
      ([{ key }]) =>
        new ImageSection((id) => {
          onAction(id, key);
        }),
      (section, [image, page]) => {
        section.update(image, page);
      },
    );
    const names = element('div', 'names', [this.#kicker, this.#title, this.#subtitle]);
    const state = element('div', 'overview', [this.#status, this.#progress, this.#facts.root]);
    const head = element('header', 'head', [names, this.#actions.root]);
    this.root.append(head, state, this.#notices.root, images, this.#chart.root, live);
  }

  update(page: Page): void {
    document.title = page.title;
    setText(this.#kicker, page.kicker);
    setText(this.#title, page.title);
    setText(this.#subtitle, page.subtitle ?? '');
    setShown(this.#subtitle, page.subtitle !== undefined);
    setText(this.#status, page.status.text);
    setAttribute(this.#status, 'class', `status tone-${page.status.tone}`);
    this.#updateProgress(page.progress);
    this.#facts.update(page.facts);
    this.#actions.update(page.actions);
    this.#notices.update(page.notices);
    this.#images.update(page.images.map((image) => [image, page] as const));
    this.#chart.update(page.chart);
    this.#announcer.update(page.announcement);
  }

  #updateProgress(progress: Page['progress']): void {
    setShown(this.#progress, progress !== undefined);
    if (progress === undefined) return;
    const { label, text, fraction } = progress;
    setAttribute(this.#progress, 'aria-label', label);
    setAttribute(this.#progress, 'aria-valuetext', text);
    const percent = fraction === undefined ? undefined : String(Math.floor(fraction * 100));
    setAttribute(this.#progress, 'aria-valuenow', percent);
    this.#progressFill.style.setProperty('width', `${((fraction ?? 0) * 100).toFixed(1)}%`);
  }
}
