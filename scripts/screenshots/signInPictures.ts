import type { Theme } from '../../test/e2e/harness/openVscode.ts';
import { openViews, withPictures, type Pictures } from './pictures.ts';
import { dev, giteaHost, type Services } from './startServices.ts';

/** What a newcomer sees: empty views, the walkthrough, and the sign-in with its questions. */
export async function takeSignIn(services: Services, themes: readonly Theme[]): Promise<void> {
  const remote = `[remote "origin"]\n\turl = https://${giteaHost}/shop/api.git\n`;
  const auth = Buffer.from(`${dev.username}:${dev.secret}`).toString('base64');
  await withPictures(services, themes, (pictures) => takeAll(pictures, services), {
    folder: { '.git/config': remote },
    home: { '.docker/config.json': JSON.stringify({ auths: { [giteaHost]: { auth } } }) },
  });
}

async function takeAll(pictures: Pictures, { gitea }: Services): Promise<void> {
  const { vscode, take } = pictures;
  const { page, quickInput, sideBar, host } = vscode;
  await openViews(vscode, ['Images', 'Registries', 'Pushes']);
  await sideBar.view('Registries').welcome();
  await sideBar.view('Images').row('migrate').waitFor();
  await take('first-start');

  await host.executeCommand('workbench.action.openWalkthrough', 'tea-chest.tea-chest#firstPush');
  await page.locator('.getting-started-step').first().waitFor();
  await host.executeCommand('workbench.action.closeSidebar');
  await take('walkthrough');
  await host.executeCommand('workbench.action.closeAllEditors');
  await sideBar.open('Tea Chest');

  await quickInput.runCommand('Tea Chest: Sign In to a Registry…');
  await page.locator('.quick-input-list .monaco-list-row').filter({ hasText: giteaHost }).waitFor();
  await take('sign-in-address');
  await quickInput.type(`https://${giteaHost}`);
  await quickInput.accept();
  const dialog = page.locator('.monaco-dialog-box');
  await dialog.waitFor();
  await take('certificate');
  await dialog.locator('.monaco-button').filter({ hasText: 'Trust This Certificate' }).click();
  await quickInput.waitFor(/How do you want to sign in/);
  await page.locator('.quick-input-list .monaco-list-row').filter({ hasText: 'Use the login of Docker' }).waitFor();
  await take('sign-in-choose');
  await quickInput.pick('Enter user name');
  await quickInput.waitFor('(3/4)');
  await quickInput.type(dev.username);
  await quickInput.accept();
  await quickInput.waitFor('(4/4)');
  await take('sign-in-secret');
  await quickInput.type(gitea.createToken(dev.username, ['read:repository']));
  await quickInput.accept();
  await quickInput.message('write:package');
  await take('failure-scope');
  await quickInput.type(dev.secret);
  await quickInput.accept();
  // Where the registry offers a choice of what is stored, that question comes first.
  const stored = page.locator('.quick-input-list .monaco-list-row').filter({ hasText: 'The password' });
  await stored
    .or(page.locator('.notifications-toasts').filter({ hasText: 'Signed in to' }))
    .first()
    .waitFor();
  if (await stored.isVisible()) {
    await take('sign-in-store');
    await stored.click();
  }
  await vscode.notifications.waitFor('Signed in to');
  await take('signed-in');
}
