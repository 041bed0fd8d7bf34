import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, describe, it } from 'node:test';
import { digestOf, type Digest } from '../../../src/core/oci/digest.ts';
import { silentLogger } from '../../tools/silentLogger.ts';
import { DigestCache } from '../../../src/core/digestCache/digestCache.ts';

const digest = (text: string): Digest => digestOf(Buffer.from(text));
const known = { digest: digest('blob'), size: 4, tarSize: 9 };

describe('the digest cache', () => {
  let folder: string;
  let file: string;
  let clock = 0;
  const warnings: string[] = [];
  const logger = { ...silentLogger, warn: (text: string) => warnings.push(text) };
  const open = async (): Promise<DigestCache> => {
    const cache = new DigestCache(file, logger, () => ++clock);
    await cache.load();
    return cache;
  };
  before(async () => (folder = await mkdtemp(join(tmpdir(), 'tea-chest-cache-'))));
  after(() => rm(folder, { recursive: true }));
  beforeEach(() => {
    file = join(folder, `${clock++}`, 'digests.json');
    warnings.length = 0;
  });

  it('keeps layers by diffID and codec, images by ID, codec and platform, and locations by registry', async () => {
    const cache = await open();
    const layers = [{ mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip', digest: known.digest, size: 4 }];
    cache.rememberLayer(digest('tar'), 'gzip-1', known);
    cache.rememberImage(digest('image'), 'gzip-1', 'linux/amd64', { config: Buffer.from('{}'), layers });
    cache.rememberLocation('https://a', known.digest, 'dev/app');
    await cache.save();
    const again = await open();
    assert.deepEqual(again.layer(digest('tar'), 'gzip-1'), known);
    assert.equal(again.layer(digest('tar'), 'gzip-2'), undefined);
    assert.deepEqual(again.image(digest('image'), 'gzip-1', 'linux/amd64'), { config: Buffer.from('{}'), layers });
    assert.equal(again.image(digest('image'), 'gzip-1', 'linux/arm64'), undefined);
    assert.deepEqual(again.repositoriesWith('https://a', known.digest), ['dev/app']);
    assert.deepEqual(again.repositoriesWith('https://b', known.digest), []);
  });

  it('is readable by this user alone and leaves no temporary file', async () => {
    const cache = await open();
    cache.rememberLayer(digest('tar'), 'gzip-1', known);
    await cache.save();
    assert.equal((await stat(file)).mode & 0o777, 0o600);
    assert.deepEqual(await readdir(join(file, '..')), ['digests.json']);
  });

  it('starts empty, and says so, when the file is damaged or of another version', async () => {
    const first = await open();
    first.rememberLayer(digest('tar'), 'gzip-1', known);
    await first.save();
    await writeFile(file, (await readFile(file, 'utf8')).slice(0, -5));
    assert.equal((await open()).layer(digest('tar'), 'gzip-1'), undefined);
    assert.equal(warnings.length, 1);
    await writeFile(
      file,
      JSON.stringify({ version: 0, layers: [[`gzip-1 ${digest('tar')}`, { value: known, usedAt: 1 }]] }),
    );
    assert.equal((await open()).layer(digest('tar'), 'gzip-1'), undefined);
  });

  it('drops rows that make no sense and keeps the others', async () => {
    const first = await open();
    first.rememberLayer(digest('tar'), 'gzip-1', known);
    await first.save();
    const stored = JSON.parse(await readFile(file, 'utf8')) as { layers: unknown[] };
    stored.layers.push(['gzip-1 x', { value: { digest: 'sha256:short', size: -1 }, usedAt: 1 }], 7, [null]);
    await writeFile(file, JSON.stringify(stored));
    const again = await open();
    assert.deepEqual(again.layer(digest('tar'), 'gzip-1'), known);
    assert.equal(again.layer('x' as Digest, 'gzip-1'), undefined);
  });

  it('keeps what another window has written meanwhile', async () => {
    const ours = await open();
    const theirs = await open();
    theirs.rememberLayer(digest('theirs'), 'gzip-1', known);
    await theirs.save();
    ours.rememberLayer(digest('ours'), 'gzip-1', known);
    await ours.save();
    const again = await open();
    assert.ok(again.layer(digest('theirs'), 'gzip-1') && again.layer(digest('ours'), 'gzip-1'));
  });

  it('removes all about a registry, in the file as well', async () => {
    const cache = await open();
    cache.rememberLocation('https://a', known.digest, 'dev/app');
    cache.rememberLocation('https://ab', known.digest, 'dev/app');
    await cache.save();
    await cache.forgetRegistry('https://a');
    assert.ok(!(await readFile(file, 'utf8')).includes('https://a '));
    assert.deepEqual((await open()).repositoriesWith('https://ab', known.digest), ['dev/app']);
  });

  it('takes from version 1 only what was proved by bytes', async () => {
    const row = (key: string, value: object): unknown => [key, { value, usedAt: 1 }];
    const image = { config: Buffer.from('{"schemaVersion":2}').toString('base64'), layers: [] };
    const published = { digest: known.digest, mediaType: 'x', bytes: 1, layers: [], notices: [] };
    const blob = { ...known, mediaType: 'x' };
    await mkdir(join(file, '..'), { recursive: true });
    const old = {
      version: 1,
      layers: [row(`gzip-1 ${digest('tar')}`, known)],
      images: [
        row(`gzip-1 ${digest('image')} linux/amd64`, image),
        row(`gzip-1 ${digest('image')} https://a/b`, image),
      ],
      published: [row(digest('image'), published)],
      engineBlobs: [row(digest('tar'), blob)],
    };
    await writeFile(file, JSON.stringify(old));
    const cache = await open();
    assert.deepEqual(cache.layer(digest('tar'), 'gzip-1'), known);
    assert.equal(cache.image(digest('image'), 'gzip-1', 'linux/amd64'), undefined);
    assert.equal(cache.published(digest('image')), undefined);
    assert.equal(cache.engineBlob(digest('tar')), undefined);
    cache.rememberLayer(digest('other'), 'gzip-1', known);
    await cache.save();
    assert.ok(!(await readFile(file, 'utf8')).includes(image.config));
  });

  it('does not read back from the file what it dropped, until it is stored again', async () => {
    const cache = await open();
    const image = { config: Buffer.from('{}'), layers: [] };
    cache.rememberImage(digest('image'), 'gzip-1', 'linux/amd64', image);
    cache.rememberLayer(digest('tar'), 'gzip-1', known);
    await cache.save();
    cache.dropImage(digest('image'), 'gzip-1', 'linux/amd64');
    cache.dropLayer(digest('tar'), 'gzip-1');
    await cache.save();
    const again = await open();
    assert.equal(again.image(digest('image'), 'gzip-1', 'linux/amd64'), undefined);
    assert.equal(again.layer(digest('tar'), 'gzip-1'), undefined);
    cache.rememberLayer(digest('tar'), 'gzip-1', known);
    await cache.save();
    assert.deepEqual((await open()).layer(digest('tar'), 'gzip-1'), known);
  });

  it('removes images with their registry, unless they went to another one as well', async () => {
    const cache = await open();
    const secret = Buffer.from('{"config":{"Env":["TOKEN=hunter2"]}}');
    const published = { ...known, mediaType: 'x', bytes: 1, layers: [], notices: [] };
    for (const name of ['only there', 'both', 'elsewhere']) {
      cache.rememberImage(digest(name), 'gzip-1', 'linux/amd64', { config: secret, layers: [] });
      cache.rememberPublished(`${digest(name)} ${digest(name)}`, published);
    }
    for (const name of ['only there', 'both']) cache.rememberPush(digest(name), 'https://a');
    for (const name of ['both', 'elsewhere']) cache.rememberPush(digest(name), 'https://b');
    await cache.save();
    const other = await open();
    await cache.forgetRegistry('https://a');
    const left = async (): Promise<boolean[]> => {
      const again = await open();
      return ['only there', 'both', 'elsewhere'].map((name) => {
        const isKnown = again.image(digest(name), 'gzip-1', 'linux/amd64') !== undefined;
        assert.equal(again.published(`${digest(name)} ${digest(name)}`) !== undefined, isKnown);
        return isKnown;
      });
    };
    assert.deepEqual(await left(), [false, true, true]);
    // Another window, which follows the sign-out a little later, had read the file before.
    other.rememberLayer(digest('tar'), 'gzip-1', known);
    await other.forgetRegistry('https://a');
    assert.deepEqual(await left(), [false, true, true]);
    await cache.forgetRegistry('https://b');
    assert.deepEqual(await left(), [false, false, false]);
    assert.ok(!(await readFile(file, 'utf8')).includes(secret.toString('base64')));
  });

  it('stays bounded and loses the oldest first', async () => {
    const cache = await open();
    for (let n = 0; n < 600; n++)
      cache.rememberImage(digest(`image ${n}`), 'gzip-1', '', { config: Buffer.from('{}'), layers: [] });
    assert.equal(cache.image(digest('image 0'), 'gzip-1', ''), undefined);
    assert.ok(cache.image(digest('image 599'), 'gzip-1', ''));
  });

  it('knows in the next window as well what was used last', async () => {
    const image = { config: Buffer.from('{}'), layers: [] };
    const cache = await open();
    for (let n = 0; n < 500; n++) cache.rememberImage(digest(`image ${n}`), 'gzip-1', '', image);
    await cache.save();
    const reader = await open();
    assert.ok(reader.image(digest('image 0'), 'gzip-1', ''));
    await reader.save();
    const writer = await open();
    writer.rememberImage(digest('image 500'), 'gzip-1', '', image);
    assert.ok(writer.image(digest('image 0'), 'gzip-1', ''), 'it was used after the others');
    assert.equal(writer.image(digest('image 1'), 'gzip-1', ''), undefined);
  });

  it('does not fail a push when it cannot be written', async () => {
    file = join(folder, 'not-a-folder', 'digests.json');
    await writeFile(join(folder, 'not-a-folder'), '');
    const cache = await open();
    cache.rememberLayer(digest('tar'), 'gzip-1', known);
    await cache.save();
    assert.ok(warnings.some((text) => text.includes('could not be written')));
  });
});
