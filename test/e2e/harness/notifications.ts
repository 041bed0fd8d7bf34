import type { Locator, Page } from 'playwright-core';

/** The notifications at the lower right. One is found by a part of its text. */
export interface Notifications {
  /** Waits for one and returns its whole text. */
  waitFor(text: string | RegExp): Promise<string>;
  /** Texts of those shown now. */
  all(): Promise<string[]>;
  /** Labels of one's buttons. */
  buttonsOf(text: string | RegExp): Promise<string[]>;
  click(text: string | RegExp, button: string): Promise<void>;
  /** Waits until it has closed. */
  gone(text: string | RegExp): Promise<void>;
}

export function createNotifications(page: Page): Notifications {
  const toasts = page
    .locator('.notifications-toasts .notification-list-item')
    .or(page.locator('.notifications-center .notification-list-item'));
  const toast = (text: string | RegExp): Locator => toasts.filter({ hasText: text }).first();
  const message = '.notification-list-item-message';
  const buttons = '.notification-list-item-buttons-container .monaco-button';
  /**
   * Of more than three within 800 ms, VS Code shows the others only in the list that the bell opens. Tests act faster than a
   * person does.
   */
  async function waitForToast(text: string | RegExp): Promise<void> {
    try {
      await toast(text).waitFor({ timeout: 5_000 });
    } catch {
      const bell = page.locator('.statusbar-item[id="status.notifications"]');
      if (!(await page.locator('.notifications-center').isVisible())) await bell.click();
      await toast(text)
        .waitFor({ timeout: 40_000 })
        .catch(async (error: unknown) => {
          const shown = (await toasts.locator(message).allInnerTexts()).join('\n');
          throw new Error(`No notification has ${String(text)}. Shown are:\n${shown}`, { cause: error });
        });
    }
  }
  return {
    async waitFor(text) {
      await waitForToast(text);
      return (await toast(text).locator(message).innerText()).trim();
    },
    all: () => toasts.locator(message).allInnerTexts(),
    async buttonsOf(text) {
      await toast(text).waitFor();
      return toast(text).locator(buttons).allInnerTexts();
    },
    async click(text, button) {
      await toast(text).locator(buttons).filter({ hasText: button }).first().click();
    },
    gone: (text) => toast(text).waitFor({ state: 'detached', timeout: 60_000 }),
  };
}
