import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { TeaChestError } from '../../../src/core/base/errors.ts';
import type { EngineImage } from '../../../src/core/docker/types.ts';
import { listImagesCommand } from '../../../src/host/commands/listImages.ts';
import type { Connection } from '../../../src/host/connections/connection.ts';
import { EngineLink, type Engine } from '../../../src/host/engine/engine.ts';
import { rememberOwners } from '../../../src/host/push/rememberOwners.ts';
import { mayBeShortId, typedImage } from '../../../src/host/push/typedImage.ts';

const one = { origin: 'https://one.example' } as Connection;
const two = { origin: 'https://two.example' } as Connection;

suite('push dialog', () => {
  test('a registry is asked for its owners once, even if it does not tell', async () => {
    const asked: string[] = [];
    const { owners, known } = rememberOwners(({ origin }) => {
      asked.push(origin);
      return Promise.resolve({ names: [origin], complete: false });
    });
    assert.equal(known(one), undefined);
    await Promise.all([owners(one), owners(one)]);
    await owners(one);
    await owners(two);
    assert.deepEqual(asked, [one.origin, two.origin]);
    assert.deepEqual(known(one), { names: [one.origin], complete: false });
  });

  test('a typed image is called as pushes are remembered, and what is no image is none', () => {
    assert.equal(typedImage(' app '), 'app:latest');
    assert.equal(typedImage('app:1'), 'app:1');
    assert.equal(typedImage('not an image'), undefined);
  });

  test('few hex digits may be the beginning of an ID, nothing else is', () => {
    const texts = ['1a2b3c4', 'cafe', '1a2b3c4:latest', 'app', '1a2b3c4d5e6f'];
    assert.deepEqual(texts.filter(mayBeShortId), ['1a2b3c4', 'cafe']);
  });
});

suite('list of images', () => {
  test('an image that cannot be inspected is listed all the same, one that is gone is not', async () => {
    const image = (digit: string): EngineImage => ({
      id: `sha256:${digit.repeat(64)}`,
      references: [],
      size: 1,
      createdAt: '2026-11-24T10:50:24.000Z',
      platform: undefined,
      containers: undefined,
    });
    const engine: Partial<Engine> = {
      listImages: () => Promise.resolve(['a', 'b', 'c'].map(image)),
      platformOf: (id) => {
        if (id === image('a').id) return Promise.reject(new TeaChestError('engineFailed', 'Damaged.'));
        if (id === image('b').id) return Promise.reject(new TeaChestError('imageNotFound', 'Gone.'));
        return Promise.resolve({ os: 'linux', architecture: 'amd64' });
      },
    };
    const listed = await listImagesCommand(new EngineLink(() => Promise.resolve(engine as Engine)));
    assert.deepEqual(
      listed.map(({ platform }) => platform),
      ['unknown', 'linux/amd64'],
    );
  });
});
