import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { suite, test } from 'node:test';
import {
  readComposeImages,
  type ComposeImages,
  type ComposeRequest,
} from '../../../src/core/compose/readComposeImages.ts';
import { makeScratch } from '../../tools/scratch.ts';

type Request = Partial<ComposeRequest> & { readonly names?: readonly string[] };

/** Reads the images of these files, the first of which is `compose.yaml` unless said otherwise. */
async function read(files: Readonly<Record<string, string>>, request: Request = {}): Promise<ComposeImages> {
  const folder = await makeScratch('compose');
  try {
    return await readIn(folder.path, files, request);
  } finally {
    await folder.remove();
  }
}

async function readIn(
  folder: string,
  files: Readonly<Record<string, string>>,
  { names = ['compose.yaml'], ...rest }: Request,
): Promise<ComposeImages> {
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, 'My App', name)), { recursive: true });
    await writeFile(join(folder, 'My App', name), text);
  }
  return await readComposeImages({
    files: names.map((name) => join(folder, 'My App', name)),
    environment: {},
    ...rest,
  });
}

async function imagesOf(...args: Parameters<typeof read>): Promise<readonly string[]> {
  return (await read(...args)).images.map(({ image, services }) => `${services.join('+')}=${image}`);
}

const refuses = async (files: Readonly<Record<string, string>>, message: RegExp): Promise<void> => {
  await assert.rejects(read(files), { code: 'composeFileInvalid', stage: 'resolve', message });
};

suite('the images of a compose file', () => {
  test('are those of its services, each once, and what it builds has the name that docker compose gives it', async () => {
    const file = `
x-base: &base { image: "base:1" }
services:
  web: { build: ., ports: ["80:80"] }
  api: { image: "gitea.test/dev/api:1", build: { context: api } }
  worker: { image: "gitea.test/dev/api:1" }
  tool: { <<: *base }
  network-only: { }
`;
    const found = await read({ 'compose.yaml': file });
    assert.equal(found.project, 'myapp');
    assert.deepEqual(found.images, [
      { image: 'myapp-web', services: ['web'], isBuilt: true },
      { image: 'gitea.test/dev/api:1', services: ['api', 'worker'], isBuilt: true },
      { image: 'base:1', services: ['tool'], isBuilt: false },
    ]);
  });

  test('take variables of the process, then of .env beside the file', async () => {
    const files = {
      'compose.yaml': 'name: ${NAME:-shop}\nservices: { a: { image: "app:${TAG}" }, b: { build: . } }',
      '.env': '# the version\nTAG="1.2"\nNAME=store\nUNUSED=$x\n',
    };
    assert.deepEqual(await imagesOf(files), ['a=app:1.2', 'b=store-b']);
    assert.deepEqual(await imagesOf(files, { environment: { TAG: '2' } }), ['a=app:2', 'b=store-b']);
    assert.deepEqual(await imagesOf(files, { environment: { COMPOSE_PROJECT_NAME: 'Other' } }), [
      'a=app:1.2',
      'b=other-b',
    ]);
  });

  test('of several files are merged, and an override file beside the default one counts', async () => {
    const files = {
      'compose.yaml': 'services: { a: { image: "app:1" }, b: { image: "b:1" } }',
      'compose.override.yaml': 'services: { a: { image: "app:dev" } }',
      'prod.yaml': 'services: { a: { image: "app:prod" }, c: { build: . } }',
    };
    assert.deepEqual(await imagesOf(files), ['a=app:dev', 'b=b:1']);
    const names = ['compose.yaml', 'prod.yaml'];
    assert.deepEqual(await imagesOf(files, { names }), ['a=app:prod', 'b=b:1', 'c=myapp-c']);
  });

  test('of services that extend others, in the same file or another one', async () => {
    const files = {
      'compose.yaml':
        'services: { base: { image: "base:1" }, a: { extends: base }, b: { extends: { service: x, file: lib/x.yaml } }, c: { extends: base, image: "c:1" } }',
      'lib/x.yaml': 'services: { x: { extends: { service: y } }, y: { image: "y:1" } }',
    };
    assert.deepEqual(await imagesOf(files), ['base+a=base:1', 'b=y:1', 'c=c:1']);
    await refuses({ 'compose.yaml': 'services: { a: { extends: a } }' }, /service a that extends itself/);
    await refuses({ 'compose.yaml': 'services: { a: { extends: b } }' }, /has no service b, which a extends/);
  });

  test('of services without an active profile are left out, and named', async () => {
    const files = {
      'compose.yaml':
        'services: { a: { image: "a:1" }, b: { image: "b:1", profiles: [debug] }, c: { image: "c:1", profiles: [x, y] } }',
    };
    assert.deepEqual((await read(files)).inactive, ['b', 'c']);
    assert.deepEqual(await imagesOf(files), ['a=a:1']);
    assert.deepEqual(await imagesOf(files, { profiles: ['y'] }), ['a=a:1', 'c=c:1']);
    assert.deepEqual(await imagesOf(files, { environment: { COMPOSE_PROFILES: 'debug, y' } }), [
      'a=a:1',
      'b=b:1',
      'c=c:1',
    ]);
    assert.deepEqual(await imagesOf(files, { profiles: ['*'] }), ['a=a:1', 'b=b:1', 'c=c:1']);
    assert.deepEqual(await imagesOf(files, { services: ['b'] }), ['b=b:1']);
    await assert.rejects(read(files, { services: ['d'] }), { message: /has no service d/ });
  });

  test('are refused with words where docker compose would do what is not supported', async () => {
    const one = (text: string): Readonly<Record<string, string>> => ({ 'compose.yaml': text });
    await refuses({}, /compose\.yaml does not exist/);
    await refuses(one('services: {a: [}'), /is not YAML \(line 1\)/);
    await refuses(one('services: {a: {image: 1}}'), /something else than expected at services\.a\.image/);
    await refuses(one('include: [other.yaml]\nservices: {}'), /“include”/);
    await refuses(one('services: {a: {image: !reset null}}'), /YAML tag such as !reset/);
    await refuses(
      one('services: {a: {image: "app:${TAG}"}}'),
      /the image “app:”, which is no name.* since TAG is not set/,
    );
    await refuses(one('services: {a: {image: "app:${TAG:?say which}"}}'), /needs the variable TAG: say which/);
    await refuses(
      { ...one('services: {a: {image: "app:$TAG"}}'), '.env': 'TAG=${X}' },
      /\.env gives TAG a value with a dollar sign/,
    );
    await refuses(one(`services: {a: {image: "app:1"}}\nx: ${'a'.repeat(1_100_000)}`), /too large/);
    const bomb = ['x0: &x0 [1,1,1,1,1,1,1,1,1,1]'];
    for (let at = 1; at < 9; at++)
      bomb.push(
        `x${at}: &x${at} [${Array(10)
          .fill(`*x${at - 1}`)
          .join()}]`,
      );
    await refuses(one(`${bomb.join('\n')}\nservices: {}`), /too many/);
  });
});
