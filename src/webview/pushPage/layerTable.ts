import { element, Parts, setAttribute, setShown, setText } from './dom.ts';
import type { Page, PageBar, PageImage } from './protocol.ts';

interface Row {
  readonly root: HTMLTableRowElement;
  readonly number: HTMLElement;
  readonly name: HTMLElement;
  readonly note: HTMLElement;
  readonly size: HTMLElement;
  readonly send: HTMLElement;
  readonly swatch: HTMLElement;
  readonly state: HTMLElement;
  readonly stateCell: HTMLElement;
}

/** The layers of an image as a table, base first. */
export class LayerTable {
  readonly root = element('table', 'layers');
  readonly #caption = this.root.createCaption();
  readonly #heads = ['number', 'name', 'size', 'send', 'state'].map((name) => {
    const head = element('th', name);
    head.scope = 'col';
    return head;
  });
  readonly #rows: Parts<PageBar, Row>;

  constructor() {
    const [head, body] = [this.root.createTHead(), this.root.createTBody()];
    head.insertRow().append(...this.#heads);
    this.#rows = new Parts(body, ({ key }) => key, createRow, updateRow);
  }

  update({ caption, bars }: PageImage, { columns }: Page['labels']): void {
    setText(this.#caption, caption);
    const texts = [columns.number, columns.name, columns.size, columns.send, columns.state];
    this.#heads.forEach((head, at) => {
      const text = texts[at];
      setShown(head, text !== undefined);
      setText(head, text ?? '');
    });
    this.#rows.update(bars);
  }
}

function createRow(): Row {
  const name = element('span', 'name-text');
  const note = element('span', 'note');
  const head = element('th', 'name', [name, note]);
  head.scope = 'row';
  const swatch = element('span', 'swatch');
  swatch.setAttribute('aria-hidden', 'true');
  const state = element('span');
  const cells = ['number', 'size', 'send'].map((kind) => element('td', kind));
  const [number = element('td'), size = element('td'), send = element('td')] = cells;
  const stateCell = element('td', 'state', [swatch, state]);
  const root = element('tr', '', [number, head, size, send, stateCell]);
  return { root, number, name, note, size, send, swatch, state, stateCell };
}

function updateRow(row: Row, bar: PageBar): void {
  setText(row.number, bar.number);
  setText(row.name, bar.name);
  setAttribute(row.name, 'class', bar.isInstruction ? 'name-text instruction' : 'name-text');
  setText(row.note, bar.note ?? '');
  setShown(row.note, bar.note !== undefined);
  setText(row.size, unbroken(bar.sizeText));
  setText(row.send, bar.sendText ?? '');
  setShown(row.send, bar.sendText !== undefined);
  setAttribute(row.swatch, 'class', `swatch look-${bar.look}`);
  setText(row.state, bar.stateText ?? '');
  setShown(row.stateCell, bar.stateText !== undefined);
  setAttribute(row.root, 'data-key', bar.key);
}

/** A short size stays in one line: `about 2.6 MB`. Of a longer one, number and unit do: `11.0 MB uncompressed`. */
function unbroken(size: string): string {
  return size.length < 16 ? size.replaceAll(' ', '\u00a0') : size.replace(/(?<=\d) (?=\p{L})/u, '\u00a0');
}
