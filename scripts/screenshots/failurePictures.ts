import type { Theme } from '../../test/e2e/harness/openVscode.ts';
import { openViews, push, signIn, widenSideBar, withPictures, type Pictures } from './pictures.ts';
import { giteaHost, type Services } from './startServices.ts';

/** What goes wrong: messages with their buttons, and where they stay. */
export async function takeFailures(services: Services, themes: readonly Theme[]): Promise<void> {
  await withPictures(services, themes, (pictures) => takeAll(pictures, services));
}

async function takeAll({ vscode, take }: Pictures, services: Services): Promise<void> {
  const { host, notifications, sideBar, webview } = vscode;
  const { link, engine } = services;
  await signIn(vscode, services);
  await push(vscode, 'migrate:7');
  await openViews(vscode, ['Images', 'Registries', 'Pushes']);
  await widenSideBar(vscode, 90);
  const pushTo = async (target: string): Promise<void> => {
    await host.executeCommand('teaChest.pushImage', { image: 'migrate:7', target }).catch(() => undefined);
    await notifications.gone(/Pushing /);
  };
  await pushTo(`${giteaHost}/archive/migrate:7`);
  await notifications.waitFor('none of your teams');
  await take('failure-refused');
  await sideBar.view('Pushes').chooseFromMenu('archive/migrate', 'Show Push Details');
  await webview.content.locator('.status').filter({ hasText: 'Failed' }).waitFor();
  await host.executeCommand('notifications.clearAll');
  await take('page-failed');
  await host.executeCommand('workbench.action.closeAllEditors');

  await link.close();
  await pushTo(`${giteaHost}/dev/migrate:8`);
  await notifications.waitFor('cannot be reached');
  await sideBar.view('Registries').clickAction('Refresh Registries');
  await sideBar.view('Registries').expand(giteaHost);
  await sideBar.view('Registries').row('Cannot be reached').first().waitFor({ timeout: 90_000 });
  await take('failure-unreachable');
  await host.executeCommand('notifications.clearAll');

  await engine.stop();
  await vscode.page.locator('.welcome-view-content').filter({ hasText: 'does not answer' }).first().waitFor();
  await take('engine-stopped');
}
