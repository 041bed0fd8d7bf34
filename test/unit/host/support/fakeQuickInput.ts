import { ThemeIcon } from './fakeClasses.ts';
import { Disposable } from './fakeEvents.ts';
import { show } from './shownTexts.ts';

export const QuickInputButtons = { Back: { iconPath: new ThemeIcon('arrow-left') } };

/** A quick input. Records its texts when it is shown or changed, and lets a test act as the person. */
export class QuickInput {
  static latest: QuickInput | undefined;
  readonly handlers = new Map<string, (value: unknown) => unknown>();
  readonly element: string;
  items: readonly Row[] = [];
  selectedItems: readonly Row[] = [];
  activeItems: readonly Row[] = [];
  buttons: readonly unknown[] = [];
  value = '';
  enabled = true;
  isShown = false;
  [name: string]: unknown;

  constructor(element: string) {
    this.element = element;
    QuickInput.latest = this;
    for (const name of [
      'onDidChangeValue',
      'onDidAccept',
      'onDidTriggerButton',
      'onDidTriggerItemButton',
      'onDidHide',
    ]) {
      this[name] = (handler: (value: unknown) => unknown): Disposable => {
        const former = this.handlers.get(name);
        this.handlers.set(name, (value) => {
          former?.(value);
          return handler(value);
        });
        return new Disposable();
      };
    }
  }

  show(): void {
    this.isShown = true;
    this.record();
  }

  type(text: string): void {
    this.value = text;
    this.handlers.get('onDidChangeValue')?.(text);
    this.record();
  }

  /** The rows that VS Code leaves, in the order in which it shows them: labels that begin so, labels, the rest. */
  shownRows(): readonly Row[] {
    const text = this.value.trim().toLowerCase();
    const bare = (row: Row): string => row.label.replace(/^\$\([a-z-]+\) /, '').toLowerCase();
    const rankOf = (row: Row): number => {
      if (bare(row) === text) return 0;
      if (bare(row).startsWith(text)) return 1;
      return bare(row).includes(text) ? 2 : 3;
    };
    const fitting = this.items.filter(
      (row) => rankOf(row) < 3 || row.description?.toLowerCase().includes(text) === true || row.alwaysShow === true,
    );
    return text === '' ? this.items : fitting.toSorted((one, other) => rankOf(one) - rankOf(other));
  }

  /** Enter: takes the first row, or where several may be chosen, those that are ticked. */
  enter(): void {
    if (this['canSelectMany'] === true) this.handlers.get('onDidAccept')?.(undefined);
    else this.take(this.shownRows()[0]);
  }

  /**
   * Types or pastes, and presses Enter before the window has the rows for that: it takes a row of the former ones, and the
   * extension host finds the new row that has its number (`_handlesToItems` in extHostQuickOpen.ts).
   */
  typeAndEnter(text: string): void {
    const former = this.items;
    this.value = text;
    const number = former.indexOf(this.shownRows()[0] ?? { label: '' });
    this.type(text);
    this.take(this.items[number]);
  }

  /** Ticks these rows and no others. */
  tick(rows: readonly Row[]): void {
    this.selectedItems = rows;
  }

  take(row: Row | undefined): void {
    this.selectedItems = row === undefined ? [] : [row];
    this.handlers.get('onDidAccept')?.(undefined);
  }

  goBack(): void {
    this.handlers.get('onDidTriggerButton')?.(QuickInputButtons.Back);
  }

  /** Presses the button of the title with this tooltip. */
  pressButton(tooltip: string): void {
    const button = this.buttons.find((one) => (one as { readonly tooltip?: string }).tooltip === tooltip);
    if (button === undefined) throw new Error(`There is no button “${tooltip}”.`);
    this.handlers.get('onDidTriggerButton')?.(button);
  }

  leave(): void {
    this.handlers.get('onDidHide')?.(undefined);
  }

  record(): void {
    for (const name of ['title', 'prompt', 'placeholder']) show(`${this.element}.${name}`, this[name]);
    const { validationMessage: message } = this;
    show(
      `${this.element}.validation`,
      typeof message === 'object' ? (message as { message: string }).message : message,
    );
    for (const { label, description, detail } of this.items) {
      show(`${this.element}.label`, label);
      show(`${this.element}.description`, description);
      show(`${this.element}.detail`, detail);
    }
  }

  dispose(): void {
    this.isShown = false;
  }
}

export interface Row {
  readonly label: string;
  readonly description?: string;
  readonly detail?: string;
  readonly alwaysShow?: boolean;
  readonly picked?: boolean;
}
