import { chromium } from 'playwright-core';
import type { Browser } from 'playwright-core';

import { findBrowser } from './findBrowser.ts';

/** Starts the machine's own browser without a window. The caller closes it. */
export async function startBrowser(): Promise<Browser> {
  const executablePath = findBrowser();
  if (executablePath === undefined) {
    throw new Error('No Chromium, Chrome or Edge was found. Install one, or set CHROMIUM_EXECUTABLE.');
  }
  return chromium.launch({
    executablePath,
    headless: true,
    // We close it ourselves, in order.
    handleSIGINT: false,
    handleSIGTERM: false,
    handleSIGHUP: false,
    args: [
      // Root, as in a container, has no sandbox.
      ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      // Tests use only loopback: no requests of the browser itself.
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--disable-dev-shm-usage',
    ],
  });
}
