import type { Theme, VscodeWindow } from '../../test/e2e/harness/openVscode.ts';
import { openViews, push, signIn, widenSideBar, withPictures, type Pictures } from './pictures.ts';
import { giteaHost, rebuildApi, type Services } from './startServices.ts';

/** The Images view with the states of its images, and the questions before a push. */
export async function takeImages(services: Services, themes: readonly Theme[]): Promise<void> {
  await withPictures(services, themes, async (pictures) => {
    await signIn(pictures.vscode, services);
    await takeImagesView(pictures, services);
    await takeDialog(pictures);
    await takeSeveral(pictures.vscode, pictures.take);
  });
}

async function takeImagesView({ vscode, take }: Pictures, { engine }: Services): Promise<void> {
  await push(vscode, 'worker:0.9');
  await push(vscode, 'worker:0.8');
  await push(vscode, 'api:1.4.0', 'dev/api:1.4.0');
  await rebuildApi(engine);
  await engine.docker(['tag', 'worker:0.9', `${giteaHost}/shop/worker:1.0`]);
  await openViews(vscode, ['Images']);
  await widenSideBar(vscode, 90);
  const images = vscode.sideBar.view('Images');
  for (const repository of ['api', /^worker/]) await images.expand(repository);
  await images.row('newer here').waitFor();
  await images.row('up to date').waitFor();
  await take('images');
  await images.row('newer here').click({ button: 'right' });
  await vscode.page.locator('.monaco-menu:visible').waitFor();
  await take('images-menu', { keepPointer: true });
  await vscode.page.keyboard.press('Escape');
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
  await page
    .locator('.quick-input-list .monaco-list-row')
    .filter({ hasText: `${giteaHost}/opensource/` })
    .waitFor();
  await take('push-public');
  await quickInput.dismiss();
  await quickInput.gone();
}

async function takeSeveral(vscode: VscodeWindow, take: Pictures['take']): Promise<void> {
  const { quickInput } = vscode;
  await quickInput.runCommand('Tea Chest: Push Several Images…');
  await quickInput.waitFor(/images/);
  await take('several-choose');
  for (const name of ['api:1.4.0', 'web:2.1', 'worker:0.9']) await quickInput.pick(name);
  await quickInput.accept();
  await quickInput.waitFor(/Which owner/);
  await quickInput.pick('shop');
  await quickInput.waitFor('Enter pushes');
  await take('several-targets');
  await quickInput.dismiss();
}
