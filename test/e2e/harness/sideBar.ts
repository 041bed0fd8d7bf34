import type { Locator, Page } from 'playwright-core';

import { ariaLabels } from './ariaLabels.ts';

/** The side bar with the views of one activity-bar container. */
export interface SideBar {
  /** Opens a container by its title in the activity bar. */
  open(container: string): Promise<void>;
  view(name: string): TreeView;
}

/** One tree in the side bar. Rows are found by a part of their label. */
export interface TreeView {
  /** Shows the rows of a view that is collapsed. */
  open(): Promise<void>;
  /** The accessible labels of the rows shown. */
  rows(): Promise<string[]>;
  row(label: string | RegExp): Locator;
  /** Does nothing for a row that has none below it, such as that of a repository with one tag. */
  expand(label: string | RegExp): Promise<void>;
  /** Opens a row's context menu and chooses an item. */
  chooseFromMenu(label: string | RegExp, item: string): Promise<void>;
  /** Opens a row's context menu that has this item; what is returned chooses it. */
  openMenu(label: string | RegExp, item: string): Promise<() => Promise<void>>;
  /** Clicks a button in a row, by its title. */
  clickButton(label: string | RegExp, title: string): Promise<void>;
  /** The items of a row's context menu; closes it again. */
  menuOf(label: string | RegExp): Promise<string[]>;
  /** Clicks a button of the view's title bar. */
  clickAction(title: string): Promise<void>;
  /** Waits for the welcome text of an empty view and returns it. */
  welcome(): Promise<string>;
}

export function createSideBar(page: Page): SideBar {
  return {
    async open(container) {
      const item = page
        .locator('.activitybar [role="tab"]')
        .filter({ has: page.locator(`[aria-label="${container}"]`) });
      await item
        .or(page.locator(`.activitybar [role="tab"][aria-label^="${container}"]`))
        .first()
        .click();
    },
    view: (name) => createTreeView(page, page.locator(`.pane:has(.pane-header[aria-label^="${name} "])`)),
  };
}

function createTreeView(page: Page, pane: Locator): TreeView {
  const rows = pane.locator('[role="treeitem"]');
  const row = (label: string | RegExp): Locator => rows.filter({ hasText: label }).first();
  const menu = page.locator('.context-view .monaco-menu, .monaco-menu-container .monaco-menu').last();
  const menuItems = menu.locator('.action-item .action-label[aria-label]:visible');
  const header = pane.locator('.pane-header');

  async function openMenu(label: string | RegExp, item: string): Promise<() => Promise<void>> {
    const wanted = menu.locator(`.action-label[aria-label="${item}"]`);
    // In a tree that changes, the row may have moved under the pointer: then the menu is another row's.
    for (let tries = 1; ; tries++) {
      // The tooltip of the row where the pointer was may be in front of this one. It goes when the pointer does.
      await page.mouse.move(0, 0);
      await row(label).click({ button: 'right' });
      try {
        await wanted.waitFor({ timeout: 5_000 });
        // VS Code marks the row that the menu is of.
        await row(label).and(page.locator('.focused')).waitFor({ timeout: 1_000 });
        break;
      } catch (error) {
        if (tries === 3) throw error;
        await page.keyboard.press('Escape');
      }
    }
    return async () => {
      // A new menu ignores the mouse for a moment, but not the keyboard.
      const focused = menu.locator('.action-item.focused').filter({ has: page.locator(`[aria-label="${item}"]`) });
      for (let presses = 0; (await focused.count()) === 0; presses++) {
        if (presses > 50) throw new Error(`The item “${item}” of the menu cannot be focused.`);
        await page.keyboard.press('ArrowDown');
      }
      await page.keyboard.press('Enter');
    };
  }

  return {
    async open() {
      await header.waitFor();
      if ((await header.getAttribute('aria-expanded')) === 'false') await header.click();
    },
    rows: () => ariaLabels(rows),
    row,
    async expand(label) {
      if ((await row(label).getAttribute('aria-expanded')) === 'false')
        await row(label).locator('.monaco-tl-twistie').click();
    },
    openMenu,
    async chooseFromMenu(label, item) {
      const choose = await openMenu(label, item);
      await choose();
    },
    async clickButton(label, title) {
      // The buttons show while the pointer is over the row.
      await row(label).hover();
      await row(label).locator(`.actions .action-label[aria-label^="${title}"]`).click();
    },
    async menuOf(label) {
      await row(label).click({ button: 'right' });
      await menuItems.first().waitFor();
      const items = await ariaLabels(menuItems);
      await page.keyboard.press('Escape');
      // A separator is an item without a label.
      return items.filter((item) => item !== '');
    },
    async clickAction(title) {
      // The title bar's buttons show while the pointer is over the view.
      await pane.hover();
      await pane.locator(`.pane-header .action-label[aria-label^="${title}"]`).click();
    },
    async welcome() {
      const text = pane.locator('.welcome-view-content');
      await text.waitFor();
      return text.innerText();
    },
  };
}
