import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readArchive } from '../../../../src/core/docker/archive/readArchive.ts';
import { digestOf } from '../../../../src/core/oci/digest.ts';
import {
  configFor,
  hexOf,
  inChunks,
  layoutOf,
  readAll,
  realArchive,
  subjectFor,
  tarOf,
  type Member,
} from './archives.ts';

const base = Buffer.from('base layer '.repeat(300));
const zeros = Buffer.alloc(4096);

test('an archive that is cut off anywhere is truncated', async (t) => {
  for (const kind of ['docker-20.10', 'docker-28', 'docker-28-containerd', 'podman-5']) {
    await t.test(kind, async () => {
      const { bytes, image } = await realArchive(kind);
      const end = bytes.lastIndexOf(lastByte(bytes)) + 1;
      const whole = Math.ceil(end / 512) * 512 + 1024;
      for (let length = 0; length < whole; length += 256) {
        const cut = readAll(inChunks(bytes.subarray(0, length), 4000), image);
        await assert.rejects(cut, { code: 'archiveTruncated', stage: 'export' }, `cut after ${length} bytes`);
      }
      await readAll(inChunks(bytes.subarray(0, whole)), image);
    });
  }
});

function lastByte(bytes: Buffer): number {
  return bytes.findLast((byte) => byte !== 0) ?? 0;
}

test('a layer that ends in zeros is not the end of the archive', async () => {
  const { members, image } = layoutOf([zeros]);
  const bytes = await tarOf([...members.toReversed()]);
  const lastLayer = bytes.byteLength - 1024;
  await assert.rejects(readAll(inChunks(bytes.subarray(0, lastLayer)), image), { code: 'archiveTruncated' });
});

test('an error message that the engine appends is in ours, wherever the archive stops', async () => {
  const { bytes, image } = await realArchive('docker-20.10');
  const errors = [
    '{"errorDetail":{"message":"write /var/lib/docker/tmp: no space left on device"},"error":"write"}\r\n',
    '{"message":"write /var/lib/docker/tmp: no space left on device"}\n',
    `{"message":"write /var/lib/docker/tmp: no space left on device${' and more'.repeat(200)}"}\n`,
  ];
  for (const error of errors) {
    for (const length of [0, 300, 512, 1024, 1800, 2048, 4096, 5000, 8192]) {
      const broken = Buffer.concat([bytes.subarray(0, length), Buffer.from(error)]);
      for (const chunk of [100, 100_000]) {
        await assert.rejects(
          readAll(inChunks(broken, chunk), image),
          { code: 'archiveTruncated', message: /no space left on device/ },
          `after ${length} bytes, in chunks of ${chunk}`,
        );
      }
    }
  }
});

test('a file that is not a tar archive is invalid', async () => {
  const { image } = layoutOf([base]);
  const html = Buffer.from(`<html>${'not a tar '.repeat(300)}</html>`);
  await assert.rejects(readAll(inChunks(html), image), { code: 'archiveInvalid', message: /not a tar archive/ });
});

const diffIds = [digestOf(base)];
const config = configFor(diffIds);
const image = subjectFor(config, diffIds);
const layer = { name: 'a/layer.tar', content: base };
const configFile = { name: 'c.json', content: config };
const manifest = (value: unknown): Member => ({ name: 'manifest.json', content: JSON.stringify(value) });
const good = manifest([{ Config: 'c.json', Layers: ['a/layer.tar'] }]);

const defects: Record<string, { members: Member[]; code?: string; message: RegExp }> = {
  'no manifest.json': { members: [layer, configFile], code: 'archiveTruncated', message: /without its manifest.json/ },
  'a manifest.json that is not JSON': {
    members: [layer, configFile, { name: 'manifest.json', content: '[{' }],
    message: /not JSON/,
  },
  'a manifest.json that is no list': { members: [layer, configFile, manifest({})], message: /not a list/ },
  'a manifest.json with holes': {
    members: [layer, configFile, manifest([{ Layers: [] }])],
    message: /without the names/,
  },
  'an empty list of images': { members: [layer, configFile, manifest([])], message: /no configuration/ },
  'a layer that is not there': { members: [configFile, good], message: /lists the layer “a\/layer.tar”/ },
  'a config that is not there': { members: [layer, good], message: /lists the configuration “c.json”/ },
  'a layer that is no layer': {
    members: [layer, configFile, manifest([{ Config: 'c.json', Layers: ['c.json'] }])],
    message: /which it is not/,
  },
  'a config that is not the image’s': {
    members: [layer, { name: 'c.json', content: configFor(diffIds, { author: 'somebody else' }) }, good],
    message: /no configuration that is the one of image/,
  },
  'a config of absurd size': {
    members: [layer, { name: 'c.json', content: Buffer.alloc(16 * 1024 * 1024 + 1, ' ') }, good],
    message: /absurd size/,
  },
  'a manifest.json of absurd size': {
    members: [layer, configFile, { name: 'manifest.json', content: Buffer.alloc(16 * 1024 * 1024 + 1, ' ') }],
    message: /absurd size/,
  },
  'a file that leaves the archive': {
    members: [{ name: '../../etc/cron.d/evil', content: 'x' }, layer, configFile, good],
    message: /points outside of itself/,
  },
  'an absolute file': { members: [{ name: '/etc/passwd', content: 'x' }, good], message: /points outside of itself/ },
  'a link that leaves the archive': {
    members: [{ name: 'a/layer.tar', type: 'symlink', linkname: '../../x' }, configFile, good],
    message: /points outside of itself/,
  },
  'a manifest.json that leaves the archive': {
    members: [layer, configFile, manifest([{ Config: '../c.json', Layers: [] }])],
    message: /points outside of itself/,
  },
  'links in a circle': {
    members: [
      { name: 'a/layer.tar', type: 'symlink', linkname: '../b/layer.tar' },
      { name: 'b/layer.tar', type: 'symlink', linkname: '../a/layer.tar' },
      configFile,
      good,
    ],
    message: /lead nowhere/,
  },
  'a path of absurd length': {
    members: [{ name: `${'n'.repeat(5000)}.tar`, content: 'x' }, layer, configFile, good],
    message: /a path of 5004 characters/,
  },
  'a file twice': { members: [layer, layer, configFile, good], message: /twice/ },
};

for (const [name, { members, code = 'archiveInvalid', message }] of Object.entries(defects)) {
  test(`rejects an archive with ${name}`, async () => {
    await assert.rejects(readAll(inChunks(await tarOf(members), 65_536), image), { code, message, stage: 'export' });
  });
}

test('the archive for the defects is valid without a defect', async () => {
  const read = await readAll(inChunks(await tarOf([layer, configFile, good])), image);
  assert.deepEqual(read.image.layers, ['a/layer.tar']);
});

test('a huge document that nothing refers to is ignored', async () => {
  const attestation = Buffer.alloc(16 * 1024 * 1024 + 1, '{');
  const members = [{ name: `blobs/sha256/${hexOf(attestation)}`, content: attestation }, layer, configFile, good];
  assert.equal((await readAll(inChunks(await tarOf(members), 65_536), image)).image.layers.length, 1);
});

test('an endless header is rejected before it fills the memory', async () => {
  const header = await tarOf([{ name: 'pax', content: '' }]);
  header.write('x', 156, 'latin1');
  header.write('77777777777', 124, 'latin1');
  header.write('        ', 148, 'latin1');
  const sum = header.subarray(0, 512).reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  let sent = 0;
  const endless = async function* (): AsyncGenerator<Uint8Array, void, void> {
    yield header.subarray(0, 512);
    for (;;) yield Buffer.alloc(65_536, (sent += 65_536) % 251);
  };
  await assert.rejects(readAll(endless(), image), { code: 'archiveInvalid', message: /Header exceeds max size/ });
  assert(sent < 32 * 1024 * 1024, `${sent} bytes were taken`);
});

test('an error of the source is thrown unchanged, also in the middle of a layer', async () => {
  const bytes = await tarOf([layer, configFile, good]);
  const failure = new Error('the cable was cut');
  for (const length of [0, 512, 1000, 2048, 6000]) {
    const source = async function* (): AsyncGenerator<Uint8Array, void, void> {
      yield* inChunks(bytes.subarray(0, length), 300);
      throw failure;
    };
    await assert.rejects(readAll(source(), image), failure);
  }
});

test('leaving early closes the source', async () => {
  const bytes = await tarOf([layer, configFile, good]);
  const leave = async (when: 'item' | 'body'): Promise<boolean> => {
    let closed = false;
    const source = async function* (): AsyncGenerator<Uint8Array, void, void> {
      try {
        for (;;) yield* inChunks(bytes, 300);
      } finally {
        closed = true;
      }
    };
    for await (const item of readArchive(source(), [image])) {
      if (when === 'body' && item.kind === 'layer') {
        const first = await item.body[Symbol.asyncIterator]().next();
        assert.equal(first.done, false);
      }
      break;
    }
    await new Promise((resolve) => setImmediate(resolve));
    return closed;
  };
  assert.equal(await leave('item'), true);
  assert.equal(await leave('body'), true);
});
