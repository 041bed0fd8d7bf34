// npm run screenshots: takes the pictures of README (media/screenshots, part of what users install) and of docs/tour.md
// (docs/screenshots), of a real VS Code with a real engine.
// For someone to look at before committing them; no test depends on what they show.
import { randomBytes } from 'node:crypto';
import { copyFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';

import { openVscode, type VscodeWindow } from '../test/e2e/harness/openVscode.ts';
import { startFakeGitea, type FakeGitea } from '../test/fakeGitea/fakeGitea.ts';
import { createCloser } from '../test/tools/closer.ts';
import { startPrivateEngine, type Engine } from '../test/tools/engine.ts';
import { buildImage, type Layer } from '../test/tools/images.ts';
import { projectRoot } from '../test/tools/projectPaths.ts';
import { provision } from '../test/tools/provision.ts';
import { step } from '../test/tools/step.ts';

const dev = { username: 'dev', secret: 'dev pässword: with everything' };
const forUsers = join(projectRoot, 'media', 'screenshots');
const forDocs = join(projectRoot, 'docs', 'screenshots');

const closer = createCloser();
try {
  await provision(['engine', 'browser', 'vscodeServer']);
  const [engine, fakeGitea] = await step('Starting an engine and a Gitea', () =>
    Promise.all([startPrivateEngine(), startFakeGitea({ tls: 'valid' })]),
  );
  closer.add(() => engine.stop());
  closer.add(() => fakeGitea.close());
  await step('Building images', () => buildImages(engine));
  for (const theme of ['dark', 'light'] as const) {
    await step(`Taking the ${theme} pictures`, () => takePictures(engine, fakeGitea, theme));
  }
} finally {
  await closer.close();
}

async function buildImages(engine: Engine): Promise<void> {
  const base: readonly Layer[] = [{ megabytes: 60 }, { megabytes: 20 }];
  await buildImage(engine, { tags: ['shop/api:1.4.0', 'shop/api:latest'], layers: [...base, { megabytes: 12 }] });
  await buildImage(engine, { tags: ['shop/web:2.0.1', 'shop/web:2.0'], layers: [...base, { megabytes: 4 }] });
  await buildImage(engine, { tags: ['tools/migrate:7'], layers: [{ megabytes: 3 }] });
}

async function takePictures(engine: Engine, fakeGitea: FakeGitea, theme: 'dark' | 'light'): Promise<void> {
  const size = { width: 1120, height: 620 };
  const vscode = await openVscode({ theme, size, env: { DOCKER_HOST: engine.host } });
  try {
    await vscode.sideBar.open('Tea Chest');
    await vscode.sideBar.view('Images').expand('shop/api');
    await vscode.sideBar.view('Images').expand('shop/web');
    await signIn(vscode, fakeGitea, theme);
    await takePush(vscode, engine, fakeGitea, theme);
    if (theme === 'dark') await takeFailures(vscode, fakeGitea);
  } finally {
    await vscode.close();
  }
}

async function signIn(vscode: VscodeWindow, fakeGitea: FakeGitea, theme: string): Promise<void> {
  const { page, quickInput } = vscode;
  await quickInput.runCommand('Tea Chest: Sign In to a Registry…');
  await quickInput.type(fakeGitea.url);
  await quickInput.accept();
  const dialog = page.locator('.monaco-dialog-box');
  await dialog.waitFor();
  if (theme === 'dark') await keep(vscode, 'certificate-dark');
  await dialog.locator('.monaco-button').filter({ hasText: 'Trust This Certificate' }).click();
  await quickInput.waitFor('(2/3)');
  await quickInput.type(dev.username);
  await quickInput.accept();
  await quickInput.waitFor('(3/3)');
  if (theme === 'dark') {
    await quickInput.type(fakeGitea.createToken('dev', ['read:repository']));
    await quickInput.accept();
    await quickInput.message('write:package');
    await keep(vscode, 'failure-scope-dark');
  }
  await quickInput.type(dev.secret);
  await quickInput.clickTitleButton('Choose What Is Stored');
  await quickInput.waitFor(/What should be stored/);
  await quickInput.pick('The password');
  await vscode.sideBar.view('Registries').row(fakeGitea.host).waitFor();
  await vscode.host.executeCommand('notifications.clearAll');
}

/** A push over a link that is slow enough to be photographed. */
async function takePush(vscode: VscodeWindow, engine: Engine, fakeGitea: FakeGitea, theme: string): Promise<void> {
  const image = `shop/fresh-${theme}:1`;
  const layers = [60, 30].map((size) => ({ files: { data: randomBytes(size * 1e6) } }));
  await buildImage(engine, { tags: [image], layers });
  fakeGitea.faults.add({ method: 'PATCH', times: Infinity, action: { kind: 'delay', ms: 2_500 } });
  const pushing = vscode.host.executeCommand('teaChest.pushImage', {
    image,
    target: `${fakeGitea.host}/dev/api:1.4.0`,
  });
  await vscode.notifications.waitFor(/of .*B · .* left/);
  await keep(vscode, `push-progress-${theme}`);
  fakeGitea.faults.clear();
  await pushing;
  await vscode.notifications.waitFor(/Pushed /);
  await vscode.sideBar.view('Registries').expand(fakeGitea.host);
  await vscode.sideBar.view('Registries').expand(/^dev$/);
  await vscode.notifications.gone(/Pushing /);
  await keep(vscode, `push-done-${theme}`);
  await vscode.host.executeCommand('notifications.clearAll');
  await engine.docker(['image', 'rm', image]);
}

async function takeFailures(vscode: VscodeWindow, fakeGitea: FakeGitea): Promise<void> {
  const push = async (target: string): Promise<void> => {
    await vscode.host.executeCommand('teaChest.pushImage', { image: 'tools/migrate:7', target }).catch(() => undefined);
    await vscode.notifications.gone(/Pushing /);
  };
  await push(`${fakeGitea.host}/readers/migrate:7`);
  await vscode.notifications.waitFor('reqPackageAccess');
  await keep(vscode, 'failure-refused-dark');
  await vscode.host.executeCommand('notifications.clearAll');
  await fakeGitea.goDown();
  await push(`${fakeGitea.host}/dev/migrate:7`);
  await vscode.notifications.waitFor('cannot be reached');
  await keep(vscode, 'failure-unreachable-dark');
  await fakeGitea.comeBack();
}

async function keep(vscode: VscodeWindow, name: string): Promise<void> {
  // Messages fade in.
  await vscode.page.waitForTimeout(800);
  const folder = name === 'push-progress-dark' ? forUsers : forDocs;
  await mkdir(folder, { recursive: true });
  await copyFile(await vscode.screenshot(name), join(folder, `${name}.png`));
}
