import type { Theme } from '../../test/e2e/harness/openVscode.ts';
import { openViews, push, signIn, widenSideBar, withPictures, type Pictures } from './pictures.ts';
import { giteaHost, rebuildApi, type Services } from './startServices.ts';

/** What a person does with images that are in the registry. */
export async function takeRegistry(services: Services, themes: readonly Theme[]): Promise<void> {
  await withPictures(services, themes, (pictures) => takeAll(pictures, services));
}

async function takeAll(pictures: Pictures, services: Services): Promise<void> {
  const { vscode } = pictures;
  const { engine, gitea } = services;
  await signIn(vscode, services);
  const shop = gitea.directory.owner('shop');
  if (shop !== undefined) gitea.directory.addRepository(shop, 'api');
  for (const image of ['api:latest', 'worker:0.8', 'worker:0.9']) await push(vscode, image, `shop/${image}`);
  await push(vscode, 'api:1.4.0', 'shop/api:1.4.0');
  await rebuildApi(engine);
  await push(vscode, 'api:1.4.0', 'shop/api:1.4.0');
  await openViews(vscode, ['Registries']);
  await widenSideBar(vscode, 90);
  await takeView(pictures);
  await takeQuestions(pictures);
  await takePull(pictures, services);
  await takeCompare(pictures, services);
}

async function takeView({ vscode, take }: Pictures): Promise<void> {
  const registries = vscode.sideBar.view('Registries');
  await registries.expand(giteaHost);
  await registries.expand(/^shop/);
  await registries.expand(/^api/);
  await registries
    .row(/^1\.4\.0/)
    .filter({ hasText: 'MB' })
    .waitFor();
  await take('registries');
  await registries.row(/^1\.4\.0/).click({ button: 'right' });
  await vscode.page.locator('.monaco-menu:visible').waitFor();
  await take('registries-menu', { keepPointer: true });
  await vscode.page.keyboard.press('Escape');
}

async function takeQuestions({ vscode, take }: Pictures): Promise<void> {
  const { quickInput, page, sideBar } = vscode;
  const registries = sideBar.view('Registries');
  await registries.chooseFromMenu(/^1\.4\.0/, 'Delete…');
  const dialog = page.locator('.monaco-dialog-box');
  await dialog.waitFor();
  await take('delete');
  await dialog.locator('.monaco-button').filter({ hasText: 'Cancel' }).click();
  await registries.chooseFromMenu(/^1\.4\.0/, 'Add Tag…');
  await quickInput.waitFor('Add Tag');
  await take('add-tag');
  await quickInput.dismiss();
  await registries.chooseFromMenu(/^1\.4\.0/, 'Copy As…');
  await page.locator('.quick-input-list .monaco-list-row').first().waitFor();
  await take('copy-as');
  await quickInput.dismiss();
  await registries.chooseFromMenu(/^api/, 'Link to Repository…');
  await quickInput.waitFor('Link to Repository');
  await take('link');
  await quickInput.dismiss();
  await registries.chooseFromMenu(/^api/, 'Clean Up Untagged Versions…');
  await page
    .locator('.quick-input-widget:visible')
    .or(page.locator('.notifications-toasts .notification-list-item'))
    .first()
    .waitFor();
  await take('clean-up');
  if (await quickInput.isOpen()) await quickInput.dismiss();
  await vscode.host.executeCommand('notifications.clearAll');
}

async function takePull({ vscode, take }: Pictures, { engine, link }: Services): Promise<void> {
  const { notifications, sideBar } = vscode;
  await engine.docker(['image', 'rm', 'worker:0.9', 'worker:0.8', 'api:1.4.0', 'api:latest', 'web:2.1']);
  link.setRate(700_000);
  await sideBar.view('Registries').chooseFromMenu(/^1\.4\.0/, 'Pull');
  await notifications.waitFor(/Pulling .* of .*B/);
  await take('pull-running');
  link.setRate(Number.POSITIVE_INFINITY);
  await notifications.waitFor(/Pulled /);
  await take('pull-done');
  await vscode.host.executeCommand('notifications.clearAll');
}

async function takeCompare({ vscode, take }: Pictures, { engine }: Services): Promise<void> {
  await engine.docker(['tag', `${giteaHost}/shop/api:1.4.0`, 'api:1.4.0']);
  await vscode.sideBar
    .view('Registries')
    .row(/^1\.4\.0/)
    .click();
  await vscode.sideBar
    .view('Registries')
    .row(/^latest/)
    .click({ modifiers: ['Control'] });
  await vscode.sideBar.view('Registries').chooseFromMenu(/^latest/, 'Compare Selected');
  await vscode.page.locator('.monaco-diff-editor .view-lines').first().filter({ hasText: 'layer' }).waitFor();
  await take('compare');
  await vscode.host.executeCommand('workbench.action.closeAllEditors');
  await vscode.quickInput.runCommand('Tea Chest: Select Container Engine…');
  await vscode.page.locator('.quick-input-list .monaco-list-row').first().waitFor();
  await take('select-engine');
  await vscode.quickInput.dismiss();
}
