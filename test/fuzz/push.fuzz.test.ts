import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import fc from 'fast-check';
import { unicodeString } from '../tools/unicodeString.ts';
import { digestOf } from '../../src/core/oci/digest.ts';
import { formatImageReference, parseImageReference } from '../../src/core/oci/imageReference.ts';
import { DigestCache } from '../../src/core/digestCache/digestCache.ts';
import { createTables } from '../../src/core/digestCache/digestTables.ts';
import { readReferences } from '../../src/core/relay/engineManifest.ts';
import { checkTarget } from '../../src/core/gitea/checkTarget.ts';
import { silentLogger } from '../tools/silentLogger.ts';
import { FakeEngine } from '../unit/push/fakes.ts';
import { layers, PushRig } from '../unit/push/pushRig.ts';
import { holds, resultOrError, someText } from './support.ts';

const reference = fc.oneof(
  unicodeString(),
  fc.stringMatching(/^[a-z0-9.:/@_-]{0,60}$/),
  fc
    .tuple(
      fc.constantFrom('', 'localhost/', 'a.b:1/', '[::1]:3/'),
      fc.constantFrom('app', 'a/b'),
      fc.constantFrom('', ':1'),
    )
    .map((all) => all.join('')),
);

describe('a reference', () => {
  it('that is one is written as it was read', async () => {
    await holds(reference, async (text) => {
      const found = await resultOrError(() => parseImageReference(text));
      if (!(found instanceof Error)) assert.equal(formatImageReference(found), text);
    });
  });

  it('as a target is accepted, or refused with a reason and a name that would be accepted', async () => {
    const part = fc.oneof(unicodeString(20), fc.stringMatching(/^[A-Za-z0-9._/-]{0,30}$/));
    await holds(fc.record({ owner: part, name: part, tag: part }), (parts) => {
      const found = checkTarget(parts, 'gitea.test');
      if (found.ok) return;
      assert(found.why.length > 20, found.why);
      if (found.suggestion !== undefined)
        assert(checkTarget(found.suggestion, 'gitea.test').ok, JSON.stringify(found.suggestion));
    });
  });
});

const descriptor = fc.dictionary(
  fc.constantFrom('mediaType', 'digest', 'size'),
  fc.oneof(fc.constant(digestOf(Buffer.from('x'))), fc.constantFrom(1, -1, 1.5, 2 ** 60), fc.jsonValue()),
);
const manifest = fc.oneof(
  someText,
  fc
    .dictionary(
      fc.constantFrom('config', 'layers', 'manifests', 'mediaType', 'rootfs', 'diff_ids'),
      fc.oneof(descriptor, fc.array(descriptor), fc.jsonValue()),
    )
    .map((value) => JSON.stringify(value)),
);

describe('a manifest from outside', () => {
  it('that the engine pushes is references or an error', async () => {
    await holds(manifest, (text) => {
      const bytes = Buffer.from(text);
      const given = { reference: '1', mediaType: 'application/json', bytes, digest: digestOf(bytes) };
      let found;
      try {
        found = readReferences(given);
      } catch (error) {
        // The relay asks whether it is JSON before anything else.
        assert(error instanceof SyntaxError || error instanceof TypeError);
        return;
      }
      for (const one of [...found.layers, ...found.manifests]) assert(Number.isFinite(one.size));
    });
  });

  it('that the registry has under the tag never keeps the right image from being pushed', async () => {
    const rig = new PushRig();
    await rig.setUp();
    const [layer] = layers;
    assert(layer !== undefined);
    await holds(fc.tuple(manifest, manifest), async ([text, other]) => {
      rig.reset();
      rig.registry.manifests.set('1', Buffer.from(text));
      rig.registry.manifests.set('latest', Buffer.from(other));
      const engine = new FakeEngine([{ bytes: layer.bytes.subarray(0, 2000) }]);
      await rig.push(engine);
      assert.deepEqual(rig.registry.pull('1').config, engine.config);
    });
    await rig.tearDown();
  });
});

describe('the digest cache', () => {
  let folder = '';
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tea-chest-fuzz-'));
  });
  after(() => rm(folder, { recursive: true }));

  it('takes any file for what it can be read as, and can be written again', async () => {
    const names = ['version', ...Object.keys(createTables(() => 0))];
    const odd = fc
      .dictionary(fc.constantFrom(...names), fc.oneof(fc.jsonValue(), descriptor))
      .map((value) => JSON.stringify(value));
    await holds(fc.oneof(someText, odd), async (text) => {
      const file = join(folder, 'digests.json');
      await writeFile(file, text);
      const cache = new DigestCache(file, silentLogger, () => 0);
      await cache.load();
      cache.layer(digestOf(Buffer.from('x')), 'gzip');
      await cache.save();
    });
  });
});
