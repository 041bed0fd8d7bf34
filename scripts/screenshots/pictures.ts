import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import {
  openVscode,
  type OpenVscodeOptions,
  type Theme,
  type VscodeWindow,
} from '../../test/e2e/harness/openVscode.ts';
import { projectRoot } from '../../test/tools/projectPaths.ts';
import { smallPng } from './pngFiles.ts';
import { dev, giteaHost, hosts, type Services } from './startServices.ts';

export const allThemes: readonly Theme[] = ['dark', 'light', 'hc-dark', 'hc-light'];

/** The pictures that docs/ shows. All others are only in test-results/screenshots. */
const inDocs = new Set([
  ...[
    'images-dark',
    'push-target-dark',
    'push-progress-light',
    'push-done-dark',
    'page-plan-dark',
    'page-running-dark',
  ],
  ...['page-layers-light', 'registries-dark', 'compare-dark', 'certificate-dark', 'sign-in-choose-dark'],
  ...[
    'failure-scope-dark',
    'failure-refused-dark',
    'failure-unreachable-dark',
    'walkthrough-dark',
    'pull-running-dark',
  ],
]);
const docsFolder = join(projectRoot, 'docs', 'screenshots');

export interface Pictures {
  readonly vscode: VscodeWindow;
  /** Takes what the window shows, in every theme that was asked for, with the pointer where nothing reacts to it. */
  readonly take: (name: string, options?: { readonly keepPointer: boolean }) => Promise<void>;
}

/** A window of VS Code for pictures: it closes when `use` has ended. */
export async function withPictures(
  { engine }: Services,
  themes: readonly Theme[],
  use: (pictures: Pictures) => Promise<void>,
  options: OpenVscodeOptions = {},
): Promise<void> {
  const vscode = await openVscode({
    size: { width: 1240, height: 720 },
    hosts,
    // The title bar would show the folder's made-up name.
    settings: {
      ...{ 'window.commandCenter': false, 'workbench.layoutControl.enabled': false },
      // No message that is half faded in, and no tooltip where the pointer rests.
      ...{ 'workbench.reduceMotion': 'on', 'workbench.hover.delay': 60_000 },
      // No message about a port that another program listens on.
      'remote.autoForwardPorts': false,
    },
    env: { DOCKER_HOST: engine.host },
    ...options,
  });
  try {
    await use({
      vscode,
      take: async (name, { keepPointer } = { keepPointer: false }) => {
        if (!keepPointer) await restPointer(vscode);
        await takeInThemes(vscode, themes, name);
      },
    });
  } catch (error) {
    await vscode.screenshot('failed');
    throw error;
  } finally {
    await vscode.close();
  }
}

async function takeInThemes(vscode: VscodeWindow, themes: readonly Theme[], name: string): Promise<void> {
  for (const theme of themes) {
    await vscode.useTheme(theme);
    // Messages fade in, and the page of a webview gets its colours a moment after the window.
    await vscode.page.waitForTimeout(700);
    const path = await vscode.screenshot(`${name}-${theme}`);
    if (!inDocs.has(`${name}-${theme}`)) continue;
    await mkdir(docsFolder, { recursive: true });
    await writeFile(join(docsFolder, `${name}-${theme}.png`), await smallPng(path));
  }
}

/** Signs in without a question. */
export async function signIn({ host }: VscodeWindow, { gitea }: Services): Promise<void> {
  const trustFingerprint = gitea.fingerprint256;
  await host.executeCommand('teaChest.signIn', { url: `https://${giteaHost}`, ...dev, trustFingerprint });
  await host.executeCommand('notifications.clearAll');
}

/** Pushes without a question, and removes the messages. */
export async function push(
  { host, notifications }: VscodeWindow,
  image: string,
  target = `dev/${image}`,
): Promise<void> {
  await host.executeCommand('teaChest.pushImage', { image, target: `${giteaHost}/${target}` });
  await notifications.waitFor(/Pushed /);
  await notifications.gone(/Pushing /);
  await host.executeCommand('notifications.clearAll');
}

/** Shows these views of the side bar, and hides the rows of the others. */
export async function openViews({ page, sideBar }: VscodeWindow, names: readonly string[]): Promise<void> {
  // A second click would hide the side bar.
  if (!(await page.locator('.pane-header[aria-label^="Images "]').isVisible())) await sideBar.open('Tea Chest');
  for (const name of ['Images', 'Registries', 'Pushes']) {
    const header = page.locator(`.pane-header[aria-label^="${name} "]`);
    await header.waitFor();
    const isOpen = (await header.getAttribute('aria-expanded')) === 'true';
    // At its left: the buttons of its title may be in the middle.
    if (isOpen !== names.includes(name)) await header.click({ position: { x: 30, y: 8 } });
  }
}

/** Gives the rows of the side bar more room. */
export async function widenSideBar({ page }: VscodeWindow, pixels: number): Promise<void> {
  const edge = await page.locator('.part.sidebar').boundingBox();
  if (edge === null) throw new Error('The side bar is not shown.');
  const x = edge.x + edge.width;
  await page.mouse.move(x, 340);
  await page.mouse.down();
  await page.mouse.move(x + pixels, 340, { steps: 4 });
  await page.mouse.up();
}

/** Moves the pointer to where nothing reacts to it. */
export const restPointer = ({ page }: VscodeWindow): Promise<void> => page.mouse.move(700, 712);
