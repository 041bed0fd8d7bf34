import { existsSync } from 'node:fs';

import { findCommand } from './findCommand.ts';

const commands = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'microsoft-edge'];
const applications = [
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  '/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge',
  'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
  'C:\\Program Files (x86)\\Microsoft\\Edge\\Application\\msedge.exe',
];

/** An installed Chromium, Chrome or Edge; `CHROMIUM_EXECUTABLE` wins. */
export function findBrowser(): string | undefined {
  const chosen = process.env['CHROMIUM_EXECUTABLE'];
  if (chosen !== undefined && chosen !== '') return chosen;
  for (const command of commands) {
    const path = findCommand(command);
    if (path !== undefined) return path;
  }
  return applications.find((path) => existsSync(path));
}
