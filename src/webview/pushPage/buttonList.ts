import { element, Parts, setAttribute, setShown, setText } from './dom.ts';
import type { PageAction, PageButton } from './protocol.ts';

/** Buttons, of the page or of one image. */
export class ButtonList {
  readonly root = element('div', 'actions');
  readonly #parts: Parts<PageButton, { readonly root: HTMLButtonElement }>;

  constructor(onAction: (id: PageAction) => void) {
    this.#parts = new Parts(
      this.root,
      ({ id }) => id,
      ({ id }) => ({ root: createButton(id, onAction) }),
      ({ root }, { label, isPrimary }) => {
        setText(root, label);
        setAttribute(root, 'class', isPrimary ? 'button' : 'button secondary');
      },
    );
  }

  update(buttons: readonly PageButton[]): void {
    setShown(this.root, buttons.length > 0);
    this.#parts.update(buttons);
  }
}

function createButton(id: PageAction, onAction: (id: PageAction) => void): HTMLButtonElement {
  const button = element('button');
  button.type = 'button';
  button.dataset['action'] = id;
  button.addEventListener('click', () => {
    onAction(id);
  });
  return button;
}
