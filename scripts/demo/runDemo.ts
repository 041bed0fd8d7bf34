import { findDesktop } from '../../test/e2e/harness/desktop.ts';
import { startExtensionHost } from '../../test/e2e/harness/extensionHost.ts';
import type { RunningExtensionHost } from '../../test/e2e/harness/extensionHost.ts';
import type { FakeGitea } from '../../test/fakeGitea/fakeGitea.ts';
import type { Closer } from '../../test/tools/closer.ts';
import type { Engine } from '../../test/tools/engine.ts';
import { findPersonsEngine, startPrivateEngine } from '../../test/tools/engine.ts';
import { findCommand } from '../../test/tools/findCommand.ts';
import { canInstallDebianPackages } from '../../test/tools/debian.ts';
import type { BuiltImage } from '../../test/tools/images.ts';
import { buildImage } from '../../test/tools/images.ts';
import { projectRoot } from '../../test/tools/projectPaths.ts';
import { provision } from '../../test/tools/provision.ts';
import type { Need } from '../../test/tools/provision.ts';
import { run } from '../../test/tools/run.ts';
import { say, step } from '../../test/tools/step.ts';
import { checkPush } from './checkPush.ts';
import type { PushResult } from './checkPush.ts';
import { megabytes, seconds } from './format.ts';
import { startDemoGitea } from './startDemoGitea.ts';
import type { DemoUser } from './startDemoGitea.ts';

/** What a demonstration has set up and what is left of it for a person to play with. */
export interface Demo {
  readonly engine: Engine;
  readonly gitea: FakeGitea;
  readonly user: DemoUser;
  /** A desktop VS Code's program; undefined where the server and a browser did. */
  readonly desktop: string | undefined;
}

const imageTag = 'tea-chest-demo:1';
// Large enough to see bytes move, small enough that a second start takes less than 20 seconds.
const layers = [{ megabytes: 32 }, { megabytes: 12 }, { megabytes: 4 }];

/** Sets everything up, signs in and pushes through the extension, and compares what arrived. */
export async function runDemo(closer: Closer): Promise<Demo> {
  const desktop = await findDesktop();
  const persons = await findPersonsEngine();
  await provision(needsOf(desktop, persons));
  const building = step('Building the extension', () => run(process.execPath, ['esbuild.mjs'], { cwd: projectRoot }));
  const [engine, { gitea, user }] = await Promise.all([
    persons ?? startEngine(closer, 'Starting a private container engine'),
    startDemoGitea(closer),
    building,
  ]);
  say(`✓ Gitea's fake Gitea listens at ${gitea.url}, with a certificate that it signed itself`);

  // VS Code needs a while to open: the image is built meanwhile.
  const [host, image, puller] = await Promise.all([
    step('Opening VS Code with the extension', () => openVscode(engine, closer)),
    makeImage(engine, closer),
    persons ?? startEngine(closer, 'Starting a second engine, to pull with later'),
  ]);
  const { vscode, remote } = await host.describe();
  say(`✓ VS Code ${vscode} is open${remote ? ' (its server, in a browser without a window)' : ''}`);
  const target = `${gitea.host}/${user.name}/tea-chest-demo:1`;
  const pushed = await push(host, { gitea, user, target });

  await Promise.all([host.stop(), checkPush({ target, pushed, image, user, puller, closer })]);
  return { engine, gitea, user, desktop };
}

/** Signs in and pushes by the extension's commands. */
async function push(
  host: RunningExtensionHost,
  { gitea, user, target }: { readonly gitea: FakeGitea; readonly user: DemoUser; readonly target: string },
): Promise<PushResult> {
  await host.executeCommand('teaChest.signIn', {
    url: gitea.url,
    username: user.name,
    secret: user.password,
    trustFingerprint: gitea.fingerprint256,
  });
  say(`✓ Signed in as ${user.name}; the certificate's fingerprint was confirmed`);
  const pushed = await step(`Pushing ${imageTag} to ${target}`, () =>
    host.executeCommand<PushResult>('teaChest.pushImage', { image: imageTag, target }),
  );
  const uploaded = `${megabytes(pushed.uploadedBytes)} uploaded in ${seconds(pushed.durationMs)}`;
  say(`  ${uploaded}, strategy ${pushed.strategy}; manifest ${pushed.digest}`);
  return pushed;
}

function needsOf(desktop: string | undefined, persons: Engine | undefined): Need[] {
  const needs: Need[] = [];
  if (persons === undefined) needs.push('engine');
  if (desktop === undefined) needs.push('browser', 'vscodeServer');
  // Without skopeo there is still the engine's own pull.
  if (findCommand('skopeo') !== undefined || canInstallDebianPackages()) needs.push('skopeo');
  return needs;
}

async function startEngine(closer: Closer, title: string): Promise<Engine> {
  const engine = await step(title, () => startPrivateEngine());
  closer.add(() => engine.stop());
  return engine;
}

async function makeImage(engine: Engine, closer: Closer): Promise<BuiltImage> {
  const whose = engine.isPrivate ? 'the private engine' : 'your engine';
  const image = await step(`Building ${imageTag} from this machine's own files, in ${whose}`, ({ report }) =>
    buildImage(engine, { tags: [imageTag], layers }, report),
  );
  if (!engine.isPrivate) {
    closer.add(async () => {
      await engine.docker(['image', 'rm', '--force', imageTag], { mayFail: true });
    });
  }
  say(`  ${megabytes(image.size)} in ${image.diffIds.length} layers; engine ${engine.version}`);
  return image;
}

async function openVscode(engine: Engine, closer: Closer): Promise<RunningExtensionHost> {
  const stop = new AbortController();
  const opening = startExtensionHost({
    // A person's own engine is found by the extension itself, as it always is.
    env: engine.isPrivate ? { DOCKER_HOST: engine.host } : {},
    signal: stop.signal,
  });
  closer.add(async () => {
    stop.abort(new Error('Stopped.'));
    const host = await opening.catch(() => undefined);
    await host?.stop().catch(() => undefined);
  });
  return opening;
}
