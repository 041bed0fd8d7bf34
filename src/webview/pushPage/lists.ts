import { element, Parts, setAttribute, setShown, setText } from './dom.ts';
import type { PageFact, PageNotice } from './protocol.ts';

/** Pairs of a label and a value. */
export class FactList {
  readonly root = element('dl', 'facts');
  readonly #parts = new Parts(
    this.root,
    ({ label }: PageFact) => label,
    () => {
      const [label, value] = [element('dt'), element('dd')];
      return { root: element('div', 'fact', [label, value]), label, value };
    },
    ({ label, value }, fact) => {
      setText(label, fact.label);
      setText(value, fact.value);
    },
  );

  update(facts: readonly PageFact[]): void {
    setShown(this.root, facts.length > 0);
    this.#parts.update(facts);
  }
}

/** What a person should read, each with its importance in its words, border and colour. */
export class NoticeList {
  readonly root = element('ul', 'notices');
  readonly #parts = new Parts(
    this.root,
    ({ text }: PageNotice) => text,
    () => ({ root: element('li') }),
    ({ root }, { tone, text }) => {
      setText(root, text);
      setAttribute(root, 'class', `notice tone-${tone}`);
    },
  );

  update(notices: readonly PageNotice[]): void {
    setShown(this.root, notices.length > 0);
    this.#parts.update(notices);
  }
}
