import type { Locator, Page } from 'playwright-core';

import { ariaLabels } from './ariaLabels.ts';

/** The box at the top: the palette, quick picks, input boxes. */
export interface QuickInput {
  /** Opens the palette and runs the command with exactly this title, such as `Tea Chest: Push Image…`. */
  runCommand(title: string): Promise<void>;
  /** Waits until a box with this title (or, without one, this placeholder) is open. */
  waitFor(title: string | RegExp): Promise<void>;
  /** The title bar's text, empty without one. */
  title(): Promise<string>;
  /** Replaces the text in the box. */
  type(text: string): Promise<void>;
  accept(): Promise<void>;
  back(): Promise<void>;
  /** Clicks a button of the title bar, by a part of its tooltip. */
  clickTitleButton(tooltip: string): Promise<void>;
  dismiss(): Promise<void>;
  /** Labels of the rows shown, with their description and detail, as a screen reader says them. */
  rows(): Promise<string[]>;
  /** Clicks the first row whose label holds `label`. */
  pick(label: string | RegExp): Promise<void>;
  /** In the push dialog: chooses the row that changes a part of the proposed target. */
  changePart(part: 'Registry' | 'Owner' | 'Name' | 'Tag'): Promise<void>;
  /** Waits for a message under the box, such as a validation error, and returns it. */
  message(expected: string | RegExp): Promise<string>;
  isOpen(): Promise<boolean>;
  /** Waits until no box is open. */
  gone(): Promise<void>;
}

export function createQuickInput(page: Page): QuickInput {
  const box = page.locator('.quick-input-widget:visible');
  const input = box.locator('.quick-input-filter input, .quick-input-box input').first();
  const rows = box.locator('.quick-input-list .monaco-list-row');
  const rowWith = (label: string | RegExp): Locator => rows.filter({ hasText: label }).first();

  return {
    async runCommand(title) {
      await page.keyboard.press('F1');
      await input.waitFor();
      await input.fill(`>${title}`);
      await rows
        .filter({ has: page.getByText(title, { exact: true }) })
        .first()
        .click();
    },
    async waitFor(title) {
      const byTitle = box.locator('.quick-input-title').filter({ hasText: title });
      const byPlaceholder = box.getByPlaceholder(title);
      await byTitle.or(byPlaceholder).first().waitFor();
    },
    title: async () => (await box.locator('.quick-input-title').innerText()).trim(),
    type: (text) => input.fill(text),
    accept: () => input.press('Enter'),
    back: () => box.locator('.codicon-quick-input-back').click(),
    clickTitleButton: (tooltip) => box.locator(`.quick-input-titlebar .action-label[aria-label*="${tooltip}"]`).click(),
    dismiss: () => input.press('Escape'),
    rows: () => ariaLabels(rows),
    pick: (label) => rowWith(label).click(),
    async changePart(part) {
      const proposal = box.getByPlaceholder(/^Where should/);
      await proposal.waitFor();
      await rowWith(`${part}: `).click();
      // Its rows would otherwise be taken for those of the next list.
      await proposal.waitFor({ state: 'hidden' });
    },
    async message(expected) {
      const shown = box.locator('.quick-input-message').filter({ hasText: expected });
      await shown.waitFor();
      return (await shown.innerText()).trim();
    },
    isOpen: () => box.isVisible(),
    gone: () => box.waitFor({ state: 'detached' }),
  };
}
