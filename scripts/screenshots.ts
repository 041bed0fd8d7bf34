// npm run screenshots: takes the pictures of README (media/screenshots, part of what users install) and of docs/tour.md
// (docs/screenshots), of a real VS Code with a real engine.
// For someone to look at before committing them; no test depends on what they show.
import { randomBytes } from 'node:crypto';
import { copyFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';

import { openVscode, type VscodeWindow } from '../test/e2e/harness/openVscode.ts';
import { startStandin, type Standin } from '../test/standin/standin.ts';
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
  const [engine, standin] = await step('Starting an engine and a Gitea', () =>
    Promise.all([startPrivateEngine(), startStandin({ tls: 'valid' })]),
  );
  closer.add(() => engine.stop());
  closer.add(() => standin.close());
  await step('Building images', () => buildImages(engine));
  for (const theme of ['dark', 'light'] as const) {
    await step(`Taking the ${theme} pictures`, () => takePictures(engine, standin, theme));
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

async function takePictures(engine: Engine, standin: Standin, theme: 'dark' | 'light'): Promise<void> {
  const size = { width: 1120, height: 620 };
  const vscode = await openVscode({ theme, size, env: { DOCKER_HOST: engine.host } });
  try {
    await vscode.sideBar.open('Tea Chest');
    await vscode.sideBar.view('Images').expand('shop/api');
    await vscode.sideBar.view('Images').expand('shop/web');
    await signIn(vscode, standin, theme);
    await takePush(vscode, engine, standin, theme);
    if (theme === 'dark') await takeFailures(vscode, standin);
  } finally {
    await vscode.close();
  }
}

async function signIn(vscode: VscodeWindow, standin: Standin, theme: string): Promise<void> {
  const { page, quickInput } = vscode;
  await quickInput.runCommand('Tea Chest: Sign In to a Registry…');
  await quickInput.type(standin.url);
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
    await quickInput.type(standin.createToken('dev', ['read:repository']));
    await quickInput.accept();
    await quickInput.message('write:package');
    await keep(vscode, 'failure-scope-dark');
  }
  await quickInput.type(dev.secret);
  await quickInput.accept();
  await vscode.sideBar.view('Registries').row(standin.host).waitFor();
  await vscode.host.executeCommand('notifications.clearAll');
}

/** A push over a link that is slow enough to be photographed. */
async function takePush(vscode: VscodeWindow, engine: Engine, standin: Standin, theme: string): Promise<void> {
  const image = `shop/fresh-${theme}:1`;
  const layers = [60, 30].map((size) => ({ files: { data: randomBytes(size * 1e6) } }));
  await buildImage(engine, { tags: [image], layers });
  standin.faults.add({ method: 'PATCH', times: Infinity, action: { kind: 'delay', ms: 2_500 } });
  const pushing = vscode.host.executeCommand('teaChest.pushImage', { image, target: `${standin.host}/dev/api:1.4.0` });
  await vscode.notifications.waitFor(/of .*B · .* left/);
  await keep(vscode, `push-progress-${theme}`);
  standin.faults.clear();
  await pushing;
  await vscode.notifications.waitFor(/Pushed /);
  await vscode.sideBar.view('Registries').expand(standin.host);
  await vscode.sideBar.view('Registries').expand(/^dev$/);
  await vscode.notifications.gone(/Pushing /);
  await keep(vscode, `push-done-${theme}`);
  await vscode.host.executeCommand('notifications.clearAll');
  await engine.docker(['image', 'rm', image]);
}

async function takeFailures(vscode: VscodeWindow, standin: Standin): Promise<void> {
  const push = async (target: string): Promise<void> => {
    await vscode.host.executeCommand('teaChest.pushImage', { image: 'tools/migrate:7', target }).catch(() => undefined);
    await vscode.notifications.gone(/Pushing /);
  };
  await push(`${standin.host}/readers/migrate:7`);
  await vscode.notifications.waitFor('reqPackageAccess');
  await keep(vscode, 'failure-refused-dark');
  await vscode.host.executeCommand('notifications.clearAll');
  await standin.goDown();
  await push(`${standin.host}/dev/migrate:7`);
  await vscode.notifications.waitFor('cannot be reached');
  await keep(vscode, 'failure-unreachable-dark');
  await standin.comeBack();
}

async function keep(vscode: VscodeWindow, name: string): Promise<void> {
  // Messages fade in.
  await vscode.page.waitForTimeout(800);
  const folder = name === 'push-progress-dark' ? forUsers : forDocs;
  await mkdir(folder, { recursive: true });
  await copyFile(await vscode.screenshot(name), join(folder, `${name}.png`));
}
