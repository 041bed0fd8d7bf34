import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import type { Page } from 'playwright-core';

import { startBrowser } from '../../tools/browser.ts';
import { createCloser } from '../../tools/closer.ts';
import type { Closer } from '../../tools/closer.ts';
import { projectRoot, resultsFolder } from '../../tools/projectPaths.ts';
import { makeScratch } from '../../tools/scratch.ts';
import { startVscodeServer } from '../../tools/vscodeServer.ts';
import { openAgentServer } from './agentServer.ts';
import { agentVariable } from './agentProtocol.ts';
import { bundleAgentExtension } from './bundle.ts';
import { countClicks, type ClickCounter } from './clickCounter.ts';
import { hostBehind } from './extensionHost.ts';
import type { ExtensionHost } from './extensionHost.ts';
import { createNotifications } from './notifications.ts';
import type { Notifications } from './notifications.ts';
import { createQuickInput } from './quickInput.ts';
import type { QuickInput } from './quickInput.ts';
import { quietSettings } from './quietSettings.ts';
import { createSideBar } from './sideBar.ts';
import type { SideBar } from './sideBar.ts';
import { createWebview } from './webview.ts';
import type { Webview } from './webview.ts';

const themes = {
  dark: 'Default Dark Modern',
  light: 'Default Light Modern',
  'hc-dark': 'Default High Contrast',
  'hc-light': 'Default High Contrast Light',
} as const;

export type Theme = keyof typeof themes;

/** Of the workbench's root (VS Code: ThemeTypeSelector). */
const themeClasses = { dark: 'vs-dark', light: 'vs', 'hc-dark': 'hc-black', 'hc-light': 'hc-light' } as const;

export interface OpenVscodeOptions {
  readonly theme?: Theme;
  readonly settings?: Readonly<Record<string, unknown>>;
  /** For the extension host, such as `DOCKER_HOST`. */
  readonly env?: Readonly<Record<string, string>>;
  /** Files of the opened folder, which has no others, by path. */
  readonly folder?: Readonly<Record<string, string>>;
  /** Files of the extension host's home, which has no others: a sign-in finds the logins in it. By path. */
  readonly home?: Readonly<Record<string, string>>;
  /** Names that the extension host shall resolve, and to what; see `canNameHosts`. */
  readonly hosts?: Readonly<Record<string, string>>;
  /** The extension's folder; this checkout by default. */
  readonly extension?: string;
  /** Folders of further extensions. */
  readonly otherExtensions?: readonly string[];
  /** The language of our texts; VS Code's own stay English. English by default. */
  readonly language?: string;
  readonly size?: { readonly width: number; readonly height: number };
  /** Pixels of a picture for each one of `size`; 1 by default. */
  readonly scale?: number;
}

/** A VS Code in a browser: its page, and objects for its parts. */
export interface VscodeWindow {
  readonly page: Page;
  /** Runs commands in the same window, to prepare a test. */
  readonly host: ExtensionHost;
  readonly quickInput: QuickInput;
  readonly sideBar: SideBar;
  readonly notifications: Notifications;
  /** The texts of the status bar's items, as a screen reader says them. */
  statusBar(): Promise<string[]>;
  readonly webview: Webview;
  readonly clicks: ClickCounter;
  /** Changes the colour theme, and waits until the window has it. */
  useTheme(theme: Theme): Promise<void>;
  /** Keeps a picture in test-results/screenshots/; returns its path. */
  screenshot(name: string): Promise<string>;
  /** Where VS Code writes: settings, state, logs. */
  readonly dataFolder: string;
  close(): Promise<void>;
}

/** Variables that would give a sign-in the logins of whoever runs the tests. */
const loginVariables = [
  ...['GITEA_SERVER_URL', 'GITEA_USERNAME', 'GITEA_PASSWORD', 'GITEA_TOKEN'],
  ...['DOCKER_CONFIG', 'REGISTRY_AUTH_FILE', 'XDG_CONFIG_HOME', 'XDG_RUNTIME_DIR'],
];

/** Opens the extension in a VS Code in a browser, with an empty folder and data of its own. */
export async function openVscode(options: OpenVscodeOptions = {}): Promise<VscodeWindow> {
  const closer = createCloser();
  try {
    return await open(options, closer);
  } catch (error) {
    await closer.close();
    throw error;
  }
}

async function open(options: OpenVscodeOptions, closer: Closer): Promise<VscodeWindow> {
  const folder = await makeScratch('folder');
  closer.add(() => folder.remove());
  const home = await makeScratch('home');
  closer.add(() => home.remove());
  await writeFiles(folder.path, options.folder ?? {});
  await writeFiles(home.path, options.home ?? {});
  const desk = await openAgentServer();
  const server = await startVscodeServer({
    machineSettings: {
      ...quietSettings,
      'workbench.colorTheme': themes[options.theme ?? 'dark'],
      ...options.settings,
    },
    env: {
      ...Object.fromEntries(loginVariables.map((name) => [name, undefined])),
      HOME: home.path,
      ...options.env,
      [agentVariable]: desk.address,
    },
    hosts: options.hosts ?? {},
    ...(options.language !== undefined && { language: options.language }),
    extensions: [options.extension ?? projectRoot, await bundleAgentExtension(), ...(options.otherExtensions ?? [])],
  });
  closer.add(() => server.stop());
  const browser = await startBrowser();
  closer.add(() => browser.close());
  closer.add(() => desk.close());

  const context = await browser.newContext({
    viewport: options.size ?? { width: 1280, height: 800 },
    deviceScaleFactor: options.scale ?? 1,
    colorScheme: options.theme?.endsWith('light') === true ? 'light' : 'dark',
    permissions: ['clipboard-read', 'clipboard-write'],
  });
  const clicks = await countClicks(context);
  const page = await context.newPage();
  await page.goto(server.url(folder.path));
  await page.locator('.monaco-workbench .statusbar').waitFor({ timeout: 60_000 });
  const host = hostBehind(desk);
  await host.describe();
  return { ...windowOf(page, host, () => closer.close()), clicks, dataFolder: server.dataFolder };
}

async function writeFiles(folder: string, files: Readonly<Record<string, string>>): Promise<void> {
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), text);
  }
}

function windowOf(
  page: Page,
  host: ExtensionHost,
  close: () => Promise<void>,
): Omit<VscodeWindow, 'clicks' | 'dataFolder'> {
  return {
    page,
    host,
    quickInput: createQuickInput(page),
    sideBar: createSideBar(page),
    notifications: createNotifications(page),
    webview: createWebview(page),
    async useTheme(theme) {
      await host.configure('workbench.colorTheme', themes[theme]);
      await page.locator(`.monaco-workbench.${themeClasses[theme]}`).waitFor();
    },
    async statusBar() {
      const items = await page.locator('.statusbar-item:visible').all();
      const labels = await Promise.all(
        items.map(async (item) => (await item.getAttribute('aria-label')) ?? (await item.innerText())),
      );
      return labels.map((label) => label.trim());
    },
    async screenshot(name) {
      const folder = join(resultsFolder, 'screenshots');
      await mkdir(folder, { recursive: true });
      const path = join(folder, `${name}.png`);
      await page.screenshot({ path });
      return path;
    },
    close,
  };
}
