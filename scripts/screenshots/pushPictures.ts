import type { Theme, VscodeWindow } from '../../test/e2e/harness/openVscode.ts';
import { openViews, push, signIn, withPictures, type Pictures } from './pictures.ts';
import { giteaHost, rebuildApi, type Services } from './startServices.ts';

/** Slow enough for pictures of a push that is under way. */
const slow = 700_000;

/** From the Images view to an image that is pushed. */
export async function takePush(services: Services, themes: readonly Theme[]): Promise<void> {
  await withPictures(services, themes, (pictures) => takeAll(pictures, services));
}

async function takeAll(pictures: Pictures, services: Services): Promise<void> {
  const { vscode, take } = pictures;
  await signIn(vscode, services);
  await takeImagesView(pictures, services);
  await takeDialog(pictures);
  await takePages(pictures, services);
  await takeQueue(pictures, services);
  await takeSeveral(vscode, take);
}

async function takeImagesView({ vscode, take }: Pictures, { engine }: Services): Promise<void> {
  await push(vscode, 'worker:0.9');
  await push(vscode, 'worker:0.8');
  await push(vscode, 'api:1.4.0', 'dev/api:1.4.0');
  await rebuildApi(engine);
  await engine.docker(['tag', 'worker:0.9', `${giteaHost}/shop/worker:1.0`]);
  await openViews(vscode, ['Images']);
  const images = vscode.sideBar.view('Images');
  for (const repository of ['api', /^worker/]) await images.expand(repository);
  await images.row('newer here').waitFor();
  await images.row('up to date').waitFor();
  await take('images');
  await images.row('newer here').click({ button: 'right' });
  await vscode.page.locator('.monaco-menu:visible').waitFor();
  await take('images-menu', { keepPointer: true });
  await vscode.page.keyboard.press('Escape');
  await images.row('newer here').hover();
  await vscode.page
    .locator('.monaco-hover:visible')
    .filter({ hasText: 'Digest' })
    .or(vscode.page.locator('.monaco-hover:visible'))
    .first()
    .waitFor();
  await take('images-tooltip', { keepPointer: true });
}

async function takeDialog({ vscode, take }: Pictures): Promise<void> {
  const { quickInput, page } = vscode;
  await quickInput.runCommand('Tea Chest: Push Image…');
  await quickInput.waitFor('Which image?');
  await take('push-choose-image');
  await quickInput.pick('web:2.1');
  await quickInput.waitFor(/Where should/);
  await page
    .locator('.quick-input-list .monaco-list-row')
    .filter({ hasText: `Push to ${giteaHost}/dev/web:2.1` })
    .waitFor();
  await take('push-target');
  await quickInput.changePart('Owner');
  await quickInput.waitFor(/Which owner/);
  await take('push-owners');
  await quickInput.pick('opensource');
  await quickInput.waitFor(/Where should/);
  await quickInput.accept();
  const dialog = page.locator('.monaco-dialog-box').filter({ hasText: 'is public' });
  await dialog.waitFor();
  await take('push-public');
  await dialog.locator('.monaco-button').filter({ hasText: 'Cancel' }).click();
  await dialog.waitFor({ state: 'detached' });
}

async function takePages({ vscode, take }: Pictures, { link }: Services): Promise<void> {
  const { page, quickInput, sideBar, webview, notifications, host } = vscode;
  await host.executeCommand('notifications.clearAll');
  await sideBar.view('Images').chooseFromMenu('newer here', 'Show Layers');
  await webview.content.locator('tbody tr').nth(3).waitFor();
  await take('page-layers');
  await closePages(vscode);
  await sideBar.view('Images').chooseFromMenu(/migrate/, 'Preview Push…');
  await quickInput.dismiss();
  await sideBar.view('Images').chooseFromMenu('newer here', 'Preview Push…');
  await quickInput.pick(`${giteaHost}/dev/api:1.4.0`);
  await webview.content.locator('.status').filter({ hasText: 'Would send' }).waitFor();
  await take('page-plan');
  await closePages(vscode);

  // A person has Images and Pushes open while a push runs.
  await openViews(vscode, ['Images', 'Pushes']);
  const pushing = host.executeCommand('teaChest.pushImage', { image: 'web:2.1', target: `${giteaHost}/shop/web:2.1` });
  link.setRate(slow);
  await notifications.waitFor(/of .*B · .* left/);
  await sideBar.view('Pushes').expand(/web:2\.1/);
  await take('push-progress');
  await sideBar.view('Pushes').chooseFromMenu(/web:2\.1/, 'Show Push Details');
  await webview.content
    .locator('td.state')
    .filter({ hasText: /^sending/ })
    .first()
    .waitFor();
  await take('page-running');
  link.setRate(Number.POSITIVE_INFINITY);
  await pushing;
  await notifications.waitFor(/Pushed /);
  await notifications.gone(/Pushing /);
  await webview.content.locator('.status').filter({ hasText: 'Pushed' }).waitFor();
  await take('page-pushed');
  await closePages(vscode);
  await openViews(vscode, ['Images', 'Registries', 'Pushes']);
  await sideBar.view('Registries').expand(giteaHost);
  await sideBar.view('Registries').expand(/^shop/);
  await restPointer(vscode);
  await page.locator('.notifications-toasts .notification-list-item').first().waitFor();
  await take('push-done');
  await host.executeCommand('notifications.clearAll');
}

/** Running, waiting and past pushes. */
async function takeQueue({ vscode, take }: Pictures, { link }: Services): Promise<void> {
  const { sideBar, notifications, host } = vscode;
  await host.configure('teaChest.push.maxConcurrent', 1);
  await openViews(vscode, ['Pushes']);
  link.setRate(slow / 4);
  const running = ['migrate:7', 'api:latest'].map((image) =>
    host.executeCommand('teaChest.pushImage', { image, target: `${giteaHost}/dev/new/${image}` }),
  );
  await notifications.waitFor(/of .*B · .* left/);
  await sideBar.view('Pushes').row('waiting').waitFor();
  await sideBar.view('Pushes').expand(/web:2\.1/);
  await take('pushes');
  link.setRate(Number.POSITIVE_INFINITY);
  await Promise.all(running);
  await notifications.gone(/Pushing /);
  await host.executeCommand('notifications.clearAll');
  await host.configure('teaChest.push.maxConcurrent', undefined);
}

async function takeSeveral(vscode: VscodeWindow, take: Pictures['take']): Promise<void> {
  const { quickInput } = vscode;
  await quickInput.runCommand('Tea Chest: Push Several Images…');
  await quickInput.waitFor(/images/);
  await take('several-choose');
  for (const name of ['api:1.4.0', 'web:2.1', 'worker:0.9']) await quickInput.pick(name);
  await quickInput.accept();
  await quickInput.waitFor('Push 3 Images');
  await quickInput.pick('shop');
  await quickInput.waitFor('Enter pushes');
  await take('several-targets');
  await quickInput.dismiss();
}

async function closePages({ host, page }: VscodeWindow): Promise<void> {
  await host.executeCommand('workbench.action.closeAllEditors');
  await page.locator('iframe.webview').waitFor({ state: 'detached' });
}
