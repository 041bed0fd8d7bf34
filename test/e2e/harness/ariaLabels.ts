import type { Locator } from 'playwright-core';

/** The accessible labels of all elements found now. Written as text: it runs in the page, whose types we don't load. */
export function ariaLabels(locator: Locator): Promise<string[]> {
  return locator.evaluateAll<string[]>(
    '(elements) => elements.map((element) => (element.getAttribute("aria-label") ?? "").trim())',
  );
}
