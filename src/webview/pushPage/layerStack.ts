import { barHeights } from './barHeights.ts';
import { element, Parts, setAttribute, setShown, setStyle, setText } from './dom.ts';
import type { Page, PageBar, PageImage } from './protocol.ts';

interface Block {
  readonly root: HTMLElement;
  readonly number: HTMLElement;
  readonly bar: HTMLElement;
  readonly fill: HTMLElement;
}

/** Pixels from which a block has room for its number. */
const roomForNumber = 14;

/**
 * The layers as a stack of bars, base at the top as in a Dockerfile, each as high as its size. The table beside it says the
 * same in words, so a screen reader does not meet it.
 */
export class LayerStack {
  readonly root = element('div', 'stack');
  readonly #blocks = element('div', 'blocks');
  readonly #note = element('p', 'small');
  readonly #parts: Parts<{ readonly bar: PageBar; readonly height: number }, Block>;

  constructor() {
    this.#blocks.setAttribute('aria-hidden', 'true');
    this.root.append(this.#blocks, this.#note);
    this.#parts = new Parts(this.#blocks, ({ bar }) => bar.key, createBlock, updateBlock);
  }

  update({ bars }: PageImage, { leastHeight }: Page['labels']): void {
    const { heights, isEnlarged } = barHeights(bars.map(({ weight }) => weight));
    this.#parts.update(bars.map((bar, at) => ({ bar, height: heights[at] ?? 0 })));
    setText(this.#note, leastHeight);
    setShown(this.#note, isEnlarged);
  }
}

function createBlock(): Block {
  const [number, fill] = [element('span', 'block-number'), element('div', 'fill')];
  const bar = element('div', 'bar', [fill]);
  return { root: element('div', 'block', [number, bar]), number, bar, fill };
}

function updateBlock(block: Block, { bar, height }: { readonly bar: PageBar; readonly height: number }): void {
  setStyle(block.root, 'height', `${height}px`);
  setText(block.number, height >= roomForNumber ? bar.number : '');
  setAttribute(block.bar, 'class', `bar look-${bar.look}`);
  setAttribute(
    block.bar,
    'title',
    [`${bar.number}. ${bar.name}`, bar.sizeText, bar.stateText].filter((part) => part !== undefined).join(' · '),
  );
  setStyle(block.fill, 'width', `${(bar.filled * 100).toFixed(1)}%`);
  setAttribute(block.root, 'data-key', bar.key);
  setAttribute(block.root, 'data-filled', bar.filled.toFixed(4));
}
