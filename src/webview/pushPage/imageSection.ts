import { ButtonList } from './buttonList.ts';
import { element, setAttribute, setShown, setText } from './dom.ts';
import { LayerStack } from './layerStack.ts';
import { LayerTable } from './layerTable.ts';
import { Legend } from './legend.ts';
import { FactList, NoticeList } from './lists.ts';
import type { Page, PageAction, PageImage } from './protocol.ts';

/** One image of a push: its notices, its layers as a stack and as a table. */
export class ImageSection {
  readonly root = element('section', 'image');
  readonly #heading = element('h2');
  readonly #facts = new FactList();
  readonly #notices = new NoticeList();
  readonly #actions: ButtonList;
  readonly #empty = element('p', 'subtitle');
  readonly #stack = new LayerStack();
  readonly #table = new LayerTable();
  readonly #legend = new Legend();
  readonly #layers = element('div', 'layers-frame');

  constructor(onAction: (id: PageAction) => void) {
    this.#actions = new ButtonList(onAction);
    const side = element('div', 'stack-side', [this.#stack.root, this.#legend.root]);
    this.#layers.append(side, element('div', 'table-frame', [this.#table.root]));
    this.root.append(
      this.#heading,
      this.#facts.root,
      this.#notices.root,
      this.#actions.root,
      this.#empty,
      this.#layers,
    );
    this.root.addEventListener('pointerover', ({ target }) => {
      this.#mark(target instanceof Element ? target.closest('[data-key]')?.getAttribute('data-key') : undefined);
    });
    this.root.addEventListener('pointerleave', () => {
      this.#mark(undefined);
    });
  }

  update(image: PageImage, { labels }: Page): void {
    setText(this.#heading, image.heading ?? '');
    setShown(this.#heading, image.heading !== undefined);
    // A screen reader says it before the buttons of this image.
    setAttribute(this.root, 'aria-label', image.heading);
    this.#facts.update(image.facts);
    this.#notices.update(image.notices);
    this.#actions.update(image.actions);
    setText(this.#empty, image.emptyText ?? '');
    setShown(this.#empty, image.emptyText !== undefined);
    setShown(this.#layers, image.bars.length > 0);
    this.#stack.update(image, labels);
    this.#table.update(image, labels);
    this.#legend.update(image, labels);
  }

  /** Shows which bar belongs to the row under the pointer. */
  #mark(key: string | null | undefined): void {
    for (const one of this.root.querySelectorAll('[data-key]')) {
      one.classList.toggle('marked', typeof key === 'string' && one.getAttribute('data-key') === key);
    }
  }
}
