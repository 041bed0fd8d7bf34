import { element, Parts, setAttribute, setText } from './dom.ts';
import { barLooks, type BarLook, type Page, type PageImage } from './protocol.ts';

interface Item {
  readonly look: BarLook;
  readonly text: string;
}

/** What the patterns of the bars mean: those that there are. The table says it for each layer. */
export class Legend {
  readonly root = element('ul', 'legend small');
  readonly #parts = new Parts(
    this.root,
    ({ look }: Item) => look,
    () => {
      const [swatch, text] = [element('span', 'swatch'), element('span')];
      swatch.setAttribute('aria-hidden', 'true');
      return { root: element('li', '', [swatch, text]), swatch, text };
    },
    ({ swatch, text }, item) => {
      setAttribute(swatch, 'class', `swatch look-${item.look}`);
      setText(text, item.text);
    },
  );

  update({ bars }: PageImage, { legend, looks }: Page['labels']): void {
    setAttribute(this.root, 'aria-label', legend);
    const shown = new Set(bars.map(({ look }) => look));
    this.#parts.update(
      barLooks.flatMap((look) => (shown.has(look) && looks[look] !== undefined ? [{ look, text: looks[look] }] : [])),
    );
  }
}
