import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Page } from 'playwright-core';

import { projectRoot, resultsFolder } from '../../test/tools/projectPaths.ts';
import { openViews, restPointer, signIn, withPictures } from './pictures.ts';
import { animatedPng, isSame, type Frame } from './pngFiles.ts';
import { giteaHost, type Services } from './startServices.ts';

/** An uplink of a small office: the push takes some seconds, as it would there. */
const uplink = 6_000_000;
/** As long as a person looks before the next step. */
const lookMs = 1_200;
/** High enough that the message at the bottom hides no layer. */
const size = { width: 1120, height: 800 };
/** Pictures of 960 pixels. */
const scale = 960 / size.width;

/**
 * Records one real push, from the image's row to the digest, as an animated PNG. Frames are taken as fast as the browser
 * gives them, and each is shown as long as it was on the screen.
 */
export async function recordPush(services: Services): Promise<void> {
  await withPictures(
    services,
    ['dark'],
    async ({ vscode }) => {
      const { page, sideBar, quickInput, webview, notifications } = vscode;
      await signIn(vscode, services);
      await openViews(vscode, ['Images', 'Pushes']);
      const images = sideBar.view('Images');
      await images.expand(/^api/);
      await restPointer(vscode);
      await page.waitForTimeout(lookMs);
      services.link.setRate(uplink);

      const recording = startRecording(page);
      await page.waitForTimeout(lookMs);
      await images.row(/^1\.4\.0/).hover();
      await page.waitForTimeout(lookMs);
      await images
        .row(/^1\.4\.0/)
        .locator('.action-label[aria-label^="Push to Registry"]')
        .click();
      await quickInput.waitFor(/Where should/);
      await page
        .locator('.quick-input-list .monaco-list-row')
        .filter({ hasText: `Push to ${giteaHost}/` })
        .first()
        .waitFor();
      await restPointer(vscode);
      await page.waitForTimeout(2 * lookMs);
      await quickInput.accept();
      const pushRow = sideBar.view('Pushes').row(/api:1\.4\.0/);
      await pushRow.hover();
      await pushRow.locator('.action-label[aria-label^="Show Push Details"]').click();
      await restPointer(vscode);
      await webview.content
        .locator('.status')
        .filter({ hasText: /^Pushed/ })
        .waitFor();
      await notifications.waitFor(/Pushed /);
      await page.waitForTimeout(lookMs);
      await keep(await recording.stop());
    },
    { size, scale },
  );
  services.link.setRate(Number.POSITIVE_INFINITY);
}

function startRecording(page: Page): { stop(): Promise<Frame[]> } {
  const frames: Frame[] = [];
  const over = new AbortController();
  const taking = (async () => {
    while (!over.signal.aborted) {
      const at = Math.round(performance.now());
      const png = await page.screenshot({ caret: 'initial' });
      const last = frames.at(-1);
      if (last === undefined || !isSame(last.png, png)) frames.push({ png, at });
    }
  })();
  return {
    stop: async () => {
      over.abort();
      await taking;
      return frames;
    },
  };
}

/** About one frame for each `leastMs`, and the last: each is then shown until the next one that is kept. */
function sample(frames: readonly Frame[], leastMs: number): Frame[] {
  const kept: Frame[] = [];
  for (const [index, frame] of frames.entries()) {
    const isLast = index === frames.length - 1;
    if (isLast || frame.at - (kept.at(-1)?.at ?? Number.NEGATIVE_INFINITY) >= leastMs) kept.push(frame);
  }
  return kept;
}

async function keep(frames: readonly Frame[]): Promise<void> {
  const raw = join(resultsFolder, 'recorded-push');
  await mkdir(raw, { recursive: true });
  const start = frames[0]?.at ?? 0;
  for (const { png, at } of frames) await writeFile(join(raw, `${String(at - start).padStart(6, '0')}.png`), png);
  const folder = join(projectRoot, 'media', 'screenshots');
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'push.png'), animatedPng(sample(frames, 1_000), 4_000, 32));
}
