import type { Closer } from '../../test/tools/closer.ts';
import type { Engine } from '../../test/tools/engine.ts';
import { findCommand } from '../../test/tools/findCommand.ts';
import type { BuiltImage } from '../../test/tools/images.ts';
import { copyBySkopeo, differences, pullByEngine } from '../../test/tools/verifyPull.ts';
import { say, step } from '../../test/tools/step.ts';
import { megabytes } from './format.ts';
import type { DemoUser } from './startDemoGitea.ts';

/** What `teaChest.pushImage` resolves with. */
export interface PushResult {
  readonly reference: string;
  readonly digest: string;
  readonly mediaType: string;
  readonly uploadedBytes: number;
  readonly mountedBytes: number;
  readonly skippedBytes: number;
  readonly durationMs: number;
  readonly strategy: string;
}

interface Pushed {
  readonly target: string;
  readonly pushed: PushResult;
  readonly image: BuiltImage;
  readonly user: DemoUser;
  /** An engine that does not have the image, or the person's own. */
  readonly puller: Engine;
  readonly closer: Closer;
}

/** Fetches the image back with other people's tools and rejects unless it is the same, bit for bit. */
export async function checkPush(what: Pushed): Promise<void> {
  const checks = await Promise.all([
    checkByEngine(what),
    findCommand('skopeo') === undefined ? false : checkBySkopeo(what),
  ]);
  if (!checks.includes(true))
    throw new Error('Nothing on this machine could fetch the image back: it was not compared.');
}

async function checkBySkopeo({ target, pushed, image, user }: Pushed): Promise<boolean> {
  const credentials = { username: user.name, secret: user.password };
  const copy = await step('Copying it back by skopeo, hashing every byte', () => copyBySkopeo(target, credentials));
  const found = differences(image, copy);
  if (copy.manifestDigest !== pushed.digest)
    found.push(`manifest: ${pushed.digest} pushed, ${copy.manifestDigest} there`);
  if (found.length > 0) throw new Error(`What is in the registry is not what was pushed:\n${found.join('\n')}`);
  const stored = copy.layers.reduce((total, layer) => total + layer.size, 0);
  say(`  ${copy.layers.length} layers, ${megabytes(stored)} stored: manifest, config, sizes and contents agree`);
  return true;
}

async function checkByEngine({ target, image, user, puller, closer }: Pushed): Promise<boolean> {
  const credentials = { username: user.name, secret: user.password };
  if (!puller.isPrivate) {
    closer.add(async () => {
      await puller.docker(['image', 'rm', target], { mayFail: true });
    });
  }
  try {
    const pulled = await step('Pulling it back by docker pull', () => pullByEngine(puller, target, credentials));
    if (pulled.diffIds.join() !== image.diffIds.join()) {
      throw new Error(`docker pull gave layers ${pulled.diffIds.join(', ')} instead of ${image.diffIds.join(', ')}.`);
    }
    say(`  ${pulled.diffIds.length} layers with the same diffIDs${pulled.id === image.id ? ', same image ID' : ''}`);
    return true;
  } catch (error) {
    // An engine in a machine of its own (Docker Desktop) does not share our loopback.
    if (puller.isPrivate || !/refused|no route|timeout/i.test(String(error))) throw error;
    say('  Your engine cannot reach this loopback address (it runs in a machine of its own).');
    return false;
  }
}
