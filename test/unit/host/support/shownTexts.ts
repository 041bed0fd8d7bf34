const shown: Shown[] = [];

/** A text that was handed to VS Code, and the element that shows it. */
export interface Shown {
  readonly element: string;
  readonly text: string;
}

/** Records a text. */
export function show(element: string, text: unknown): void {
  if (typeof text === 'string') shown.push({ element, text });
}

/** What VS Code was given since the last call. */
export function takeShown(): readonly Shown[] {
  return shown.splice(0);
}
