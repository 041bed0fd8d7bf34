import type { Locator } from 'playwright-core';

/** What we need of an element; the page's own types are not loaded here. */
interface Labelled {
  getAttribute(name: string): string | null;
}

/** The accessible labels of all elements found now. */
export function ariaLabels(locator: Locator): Promise<string[]> {
  return locator.evaluateAll((elements: readonly unknown[]) =>
    (elements as readonly Labelled[]).map((element) => (element.getAttribute('aria-label') ?? '').trim()),
  );
}
