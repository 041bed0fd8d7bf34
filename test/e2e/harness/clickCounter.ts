import type { BrowserContext } from 'playwright-core';

/** What a person did in the window, as its own documents saw it: `click Push to Registry…`, `Enter`. */
export interface ClickCounter {
  /** Clicks, and keys that stand for one, since the window opened. Typed text is not among them. */
  all(): readonly string[];
}

/**
 * Counts in the browser, by trusted events of every document of the window: a story cannot leave one out. Each press of a mouse
 * button counts, and each key except those that write into a text field.
 */
export async function countClicks(context: BrowserContext): Promise<ClickCounter> {
  const clicks: string[] = [];
  await context.exposeBinding('teaChestTestClick', (_source, click: string) => void clicks.push(click));
  await context.addInitScript(`(${listen.toString()})()`);
  return { all: () => [...clicks] };
}

/** The parts of the page's own types that `listen` uses; these are not loaded here. */
interface PageEvent {
  readonly isTrusted: boolean;
  readonly target: PageElement | null;
  readonly key: string;
  readonly ctrlKey: boolean;
  readonly metaKey: boolean;
  readonly altKey: boolean;
}

interface PageElement {
  readonly tagName?: string;
  readonly isContentEditable?: boolean;
  readonly textContent?: string | null;
  closest?(selector: string): PageElement | null;
  getAttribute?(name: string): string | null;
}

interface PageGlobals {
  addEventListener(type: string, listener: (event: PageEvent) => void, capture: true): void;
  teaChestTestClick(click: string): void;
}

/** Runs in each document of the window, before any of its scripts. */
function listen(): void {
  const page = globalThis as unknown as PageGlobals;
  page.addEventListener(
    'mousedown',
    ({ isTrusted, target }) => {
      if (!isTrusted) return;
      const label = target?.closest?.('[aria-label]')?.getAttribute?.('aria-label')?.trim();
      const name = label === undefined || label === '' ? (target?.textContent ?? '') : label;
      page.teaChestTestClick(`click ${name.trim().slice(0, 60)}`);
    },
    true,
  );
  page.addEventListener(
    'keydown',
    ({ isTrusted, target, key, ctrlKey, metaKey, altKey }) => {
      if (!isTrusted || ['Shift', 'Control', 'Alt', 'Meta'].includes(key)) return;
      const isTextField = target?.isContentEditable === true || /^(?:INPUT|TEXTAREA)$/.test(target?.tagName ?? '');
      const writes = key.length === 1 || ['Backspace', 'Delete'].includes(key);
      if (isTextField && writes && !ctrlKey && !metaKey && !altKey) return;
      page.teaChestTestClick(key);
    },
    true,
  );
}
