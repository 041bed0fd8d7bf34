import type { Theme, VscodeWindow } from '../../test/e2e/harness/openVscode.ts';
import { openViews, push, signIn, withPictures, type Pictures } from './pictures.ts';
import { giteaHost, rebuildApi, type Services } from './startServices.ts';

/** Slow enough for pictures of a push that is under way. */
const slow = 900_000;

/** The page and the views of pushes: planned, running, done and waiting. */
export async function takePush(services: Services, themes: readonly Theme[]): Promise<void> {
  await withPictures(services, themes, async (pictures) => {
    await signIn(pictures.vscode, services);
    await push(pictures.vscode, 'api:1.4.0');
    await rebuildApi(services.engine);
    await takePages(pictures);
    await takeRunning(pictures, services);
    await takeQueue(pictures, services);
  });
}

async function takePages({ vscode, take }: Pictures): Promise<void> {
  const { quickInput, sideBar, webview } = vscode;
  await openViews(vscode, ['Images']);
  await sideBar.view('Images').expand(/^api/);
  await sideBar.view('Images').chooseFromMenu(/^1\.4\.0/, 'Show Layers');
  await webview.content.locator('tbody tr').nth(3).waitFor();
  await take('page-layers');
  await closePages(vscode);
  await sideBar.view('Images').chooseFromMenu(/^1\.4\.0/, 'Preview Push…');
  await quickInput.pick(`${giteaHost}/dev/api:1.4.0`);
  await webview.content.locator('.status').filter({ hasText: 'Would send' }).waitFor();
  await take('page-plan');
  await closePages(vscode);
}

async function takeRunning({ vscode, take }: Pictures, { link }: Services): Promise<void> {
  const { sideBar, webview, notifications, host } = vscode;
  await openViews(vscode, ['Images', 'Pushes']);
  link.setRate(slow);
  const pushing = pushInBackground(vscode, 'report:3', 'shop/report:3');
  await notifications.waitFor(/ left/);
  await sideBar.view('Pushes').expand(/report:3/);
  await take('push-progress');
  await sideBar.view('Pushes').chooseFromMenu(/report:3/, 'Show Push Details');
  const sending = webview.content.locator('td.state').filter({ hasText: /^sending/ });
  await sending.first().waitFor();
  await take('page-running');
  link.setRate(Number.POSITIVE_INFINITY);
  await pushing;
  await notifications.waitFor(/Pushed /);
  await notifications.gone(/Pushing /);
  await openViews(vscode, ['Images', 'Registries', 'Pushes']);
  await sideBar.view('Registries').expand(giteaHost);
  await sideBar.view('Registries').expand(/^shop/);
  await take('push-done');
  await host.executeCommand('notifications.clearAll');
  await take('page-pushed');
  await closePages(vscode);
}

/** Running, waiting and past pushes. */
async function takeQueue({ vscode, take }: Pictures, { link }: Services): Promise<void> {
  const { sideBar, notifications, host } = vscode;
  await host.configure('teaChest.push.maxConcurrent', 1);
  await openViews(vscode, ['Pushes']);
  link.setRate(slow / 4);
  const running = ['migrate:7', 'api:latest'].map((image) => pushInBackground(vscode, image, `dev/new/${image}`));
  // What the system buffers is sent at once.
  await notifications.waitFor(/ left| waiting for the registry/);
  await sideBar.view('Pushes').row('queued').waitFor();
  await sideBar.view('Pushes').expand(/report:3/);
  await take('pushes');
  link.setRate(Number.POSITIVE_INFINITY);
  await Promise.all(running);
  await notifications.gone(/Pushing /);
  await host.executeCommand('notifications.clearAll');
  await host.configure('teaChest.push.maxConcurrent', undefined);
}

function pushInBackground({ host }: VscodeWindow, image: string, target: string): Promise<unknown> {
  const pushing = host.executeCommand('teaChest.pushImage', { image, target: `${giteaHost}/${target}` });
  pushing.catch(() => undefined);
  return pushing;
}

async function closePages({ host, page }: VscodeWindow): Promise<void> {
  await host.executeCommand('workbench.action.closeAllEditors');
  await page.locator('iframe.webview').waitFor({ state: 'detached' });
}
