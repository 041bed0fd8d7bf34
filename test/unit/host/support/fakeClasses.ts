import { EventEmitter } from './fakeEvents.ts';

/** Classes of the fake `vscode`, as far as the extension uses them. */
export class CancellationError extends Error {}

/** A tree view, by ID in `all`. */
export class TreeView {
  static readonly all = new Map<string, TreeView>();
  readonly #visibility = new EventEmitter<{ readonly visible: boolean }>();
  readonly #collapsed = new EventEmitter<{ readonly element: unknown }>();
  readonly #expanded = new EventEmitter<{ readonly element: unknown }>();
  readonly #selected = new EventEmitter<{ readonly selection: readonly unknown[] }>();
  readonly onDidCollapseElement = this.#collapsed.event;
  readonly onDidExpandElement = this.#expanded.event;
  readonly onDidChangeSelection = this.#selected.event;
  readonly onDidChangeVisibility = this.#visibility.event;
  description = '';
  selection: readonly unknown[] = [];
  badge: unknown;
  visible = false;

  show(visible: boolean): void {
    this.visible = visible;
    this.#visibility.fire({ visible });
  }

  collapse(element: unknown): void {
    this.#collapsed.fire({ element });
  }

  expand(element: unknown): void {
    this.#expanded.fire({ element });
  }

  select(selection: readonly unknown[]): void {
    this.selection = selection;
    this.#selected.fire({ selection });
  }

  readonly revealed: unknown[] = [];
  /** Selects the row, as VS Code does in a view that has it. */
  readonly reveal = (element: unknown): Promise<void> => {
    this.revealed.push(element);
    this.select([element]);
    return Promise.resolve();
  };

  dispose(): void {}
}

export class TreeItem {
  readonly label: string;
  readonly collapsibleState: number;

  constructor(label: string, collapsibleState: number) {
    this.label = label;
    this.collapsibleState = collapsibleState;
  }
}

export class ThemeIcon {
  readonly id: string;

  constructor(id: string) {
    this.id = id;
  }
}

export class ThemeColor {
  readonly id: string;

  constructor(id: string) {
    this.id = id;
  }
}

export class MarkdownString {
  readonly value: string;
  readonly supportThemeIcons: boolean;
  isTrusted: boolean | undefined;
  supportHtml: boolean | undefined;

  constructor(value: string, supportThemeIcons: boolean) {
    this.value = value;
    this.supportThemeIcons = supportThemeIcons;
  }
}
