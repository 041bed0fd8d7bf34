/** Creates an element. Texts are set with `setText`: nothing is parsed as HTML. */
export function element<K extends keyof HTMLElementTagNameMap>(
  name: K,
  className = '',
  children: readonly Node[] = [],
): HTMLElementTagNameMap[K] {
  const made = document.createElement(name);
  if (className !== '') made.className = className;
  made.append(...children);
  return made;
}

/** Changes a text only if it is another one: a selection and a screen reader's position stay where they are. */
export function setText(node: Node, text: string): void {
  if (node.textContent !== text) node.textContent = text;
}

export function setAttribute(target: Element, name: string, value: string | undefined): void {
  if (value === undefined) target.removeAttribute(name);
  else if (target.getAttribute(name) !== value) target.setAttribute(name, value);
}

/** Sets a property by the CSS object model, which a strict content security policy allows. */
export function setStyle(target: HTMLElement, name: string, value: string): void {
  if (target.style.getPropertyValue(name) !== value) target.style.setProperty(name, value);
}

export function setShown(target: HTMLElement, isShown: boolean): void {
  if (target.hidden === isShown) target.hidden = !isShown;
}

/** One part of the page for each item of a list. A part is kept as long as there is an item with its key. */
export class Parts<Item, Part extends { readonly root: Element }> {
  readonly #parent: Element;
  readonly #keyOf: (item: Item) => string;
  readonly #create: (item: Item) => Part;
  readonly #update: (part: Part, item: Item) => void;
  #parts = new Map<string, Part>();

  constructor(
    parent: Element,
    keyOf: (item: Item) => string,
    create: (item: Item) => Part,
    update: (part: Part, item: Item) => void,
  ) {
    this.#parent = parent;
    this.#keyOf = keyOf;
    this.#create = create;
    this.#update = update;
  }

  update(items: readonly Item[]): void {
    const kept = new Map<string, Part>();
    items.forEach((item, at) => {
      const key = this.#keyOf(item);
      const part = this.#parts.get(key) ?? this.#create(item);
      kept.set(key, part);
      this.#update(part, item);
      const there = this.#parent.children[at] ?? null;
      if (there !== part.root) this.#parent.insertBefore(part.root, there);
    });
    for (const [key, { root }] of this.#parts) if (!kept.has(key)) root.remove();
    this.#parts = kept;
  }
}
