import assert from 'node:assert/strict';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import type * as api from '../../../api/index.d.ts';
import type { ErrorCode, Stage } from '../../../src/core/base/errors.ts';
import type { LoginSource } from '../../../src/core/credentials/login.ts';
import type { PushResult } from '../../../src/core/push/pushEvents.ts';
import type * as args from '../../../src/host/commands/arguments.ts';
import type { ListedImage } from '../../../src/host/commands/listImages.ts';
import type { PlannedPush } from '../../../src/host/commands/planPush.ts';
import type { PushOutOfDateResult } from '../../../src/host/commands/pushOutOfDate.ts';
import type { SelectedEngine } from '../../../src/host/commands/selectEngine.ts';
import type { SignedIn } from '../../../src/host/commands/signIn.ts';
import type { PushArguments, PushImagesArguments } from '../../../src/host/push/pushArguments.ts';
import type { ImageResult, PushImagesResult } from '../../../src/host/push/pushImagesResult.ts';
import { projectRoot } from '../../tools/projectPaths.ts';
import { compileAgainstApi, installApiPackage } from '../../tools/sampleExtension.ts';

/** True if both types have the same values and the same keys. */
type Same<A, B> = [A, keyof A] extends [B, keyof B] ? ([B, keyof B] extends [A, keyof A] ? true : false) : false;

/** The compiler refuses this if a type of the contract is not the type that the host has. */
const isSame: {
  readonly signIn: Same<api.SignInArguments, args.SignInArguments>;
  readonly signedIn: Same<api.SignedIn, SignedIn>;
  readonly source: Same<api.LoginSource, LoginSource>;
  readonly signOut: Same<api.SignOutArguments, args.SignOutArguments>;
  readonly listed: Same<api.ListedImage, ListedImage>;
  readonly selectEngine: Same<api.SelectEngineArguments, args.SelectEngineArguments>;
  readonly selected: Same<api.SelectedEngine, SelectedEngine>;
  readonly push: Same<api.PushImageArguments, PushArguments>;
  readonly pushed: Same<api.PushResult, PushResult>;
  readonly pushImages: Same<api.PushImagesArguments, PushImagesArguments>;
  readonly pushedImages: Same<api.PushImagesResult, PushImagesResult>;
  readonly pushedImage: Same<api.ImageResult, ImageResult>;
  readonly outOfDate: Same<api.PushOutOfDateArguments, args.PushOutOfDateArguments>;
  readonly pushedOutOfDate: Same<api.PushOutOfDateResult, PushOutOfDateResult>;
  readonly planned: Same<api.PlannedPush, PlannedPush>;
  readonly codes: Same<api.ErrorCode, ErrorCode>;
  readonly stages: Same<api.Stage, Stage>;
} = {
  ...{ signIn: true, signedIn: true, source: true, signOut: true, listed: true, selectEngine: true, selected: true },
  ...{
    push: true,
    pushed: true,
    pushImages: true,
    pushedImages: true,
    pushedImage: true,
    codes: true,
    outOfDate: true,
    pushedOutOfDate: true,
    planned: true,
    stages: true,
  },
};

const folder = join(projectRoot, 'dist-test', 'api-package');

/** What the compiler says about an extension with this code. */
async function compile(code: string): Promise<readonly string[]> {
  await mkdir(folder, { recursive: true });
  await installApiPackage(folder);
  const file = join(folder, 'extension.ts');
  await writeFile(file, `import { getTeaChest } from 'tea-chest-api';\n${code}\nexport {};\n`);
  return compileAgainstApi(file);
}

suite('the package tea-chest-api', () => {
  test('has the types that the host implements', () => {
    assert.deepEqual(new Set(Object.values(isSame)), new Set([true]));
  });

  test('compiles with every check on, and refuses what the contract does not have', async () => {
    const call = (argument: string): string =>
      `export const pushed = getTeaChest().then((api) => api.pushImage(${argument}));`;
    assert.deepEqual(await compile(call(`{ image: 'app:1', target: 'h/o/app:1', compression: 'zstd' }`)), []);
    const wrong = [`{ target: 'h/o/app:1' }`, `{ image: 'a', compression: 'rar' }`, `{ image: 'a', tag: '1' }`];
    const errors = await compile(
      wrong.map((argument, at) => call(argument).replace('pushed', `pushed${at}`)).join('\n'),
    );
    assert.equal(errors.length, wrong.length, errors.join('\n'));
  });

  test('has in its version the version of the contract, here and in what it checks', async () => {
    const read = (name: string): Promise<string> => readFile(join(projectRoot, 'api', name), 'utf8');
    const { version } = JSON.parse(await read('package.json')) as { readonly version: string };
    const [major] = version.split('.');
    assert.match(await read('index.d.ts'), new RegExp(`readonly apiVersion: ${major};`));
    assert.match(await read('index.js'), new RegExp(`const apiVersion = ${major};`));
  });
});
