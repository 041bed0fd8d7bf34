import type { Locator } from 'playwright-core';

/** The accessible labels of all elements found now. The function is text: it runs in the page, whose types we don't load. */
export function ariaLabels(locator: Locator): Promise<string[]> {
  const read = '(elements) => elements.map((element) => (element.getAttribute("aria-label") ?? "").trim())';
  return locator.evaluateAll<string[], undefined>(read, undefined);
}
