import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { describeEngineImage } from '../../../src/core/docker/images/describeEngineImage.ts';
import type { EngineVersion } from '../../../src/core/docker/types.ts';
import { digestOf, type Digest } from '../../../src/core/oci/digest.ts';
import type { ImageDetails } from '../../../src/core/ports/imageSource.ts';

const digest = (name: string): Digest => digestOf(Buffer.from(name));
const id = digest('config');
const version: EngineVersion = { product: 'Docker', version: '28.5.2', api: '1.51' };

const details: ImageDetails = {
  ...{ id, references: ['app:1'], diffIds: [], size: 1, createdAt: undefined },
  platform: { os: 'linux', architecture: 'amd64' },
};

interface Answers {
  readonly config?: unknown;
  readonly layers?: readonly string[];
  readonly history?: unknown;
}

/** What is asked of the engine, and what it answers. */
function engine({ config = {}, layers = [], history = [] }: Answers) {
  const asked: string[] = [];
  const get = (path: string, { query = {} }: { readonly query?: object } = {}): Promise<unknown> => {
    asked.push(`${path.replace(id, 'ID')}${Object.keys(query).length === 0 ? '' : JSON.stringify(query)}`);
    if (path.endsWith('/history?')) return Promise.resolve(history);
    return Promise.resolve({
      ...{ Id: id, RepoTags: [], RepoDigests: [], Size: 1, Os: 'linux', Architecture: 'amd64', Variant: '' },
      ...{ Created: '2026-11-23T09:00:00Z', RootFS: { Layers: layers.map(digest) }, Config: config },
    });
  };
  return { asked, get };
}

suite('settings and layers of an image of the engine', () => {
  test('come from inspect and history', async () => {
    const { get, asked } = engine({
      config: {
        ...{ User: '', Env: ['B=2', 'A=1'], Entrypoint: null, Cmd: ['/app'], WorkingDir: '/srv', Hostname: 'x' },
        ...{ Labels: { z: '1', a: '2' }, ExposedPorts: { '80/tcp': {}, '443/tcp': {} }, OnBuild: null },
        Healthcheck: { Test: ['CMD', 'true'] },
      },
      layers: ['base', 'app'],
      history: [
        { CreatedBy: 'CMD ["/app"]', Size: 0 },
        { CreatedBy: 'COPY app /srv', Size: 20 },
        { CreatedBy: 'ADD base /', Size: 10 },
      ],
    });
    const { settings, layers, config, manifest, createdAt } = await describeEngineImage(
      get,
      version,
      details,
      undefined,
    );
    assert.deepEqual(asked, ['/images/ID/json?', '/images/ID/history?']);
    assert.deepEqual(settings.env, ['B=2', 'A=1']);
    assert.deepEqual(settings.ports, ['443/tcp', '80/tcp']);
    assert.deepEqual(settings.labels, [
      ['a', '2'],
      ['z', '1'],
    ]);
    assert.deepEqual([settings.entrypoint, settings.cmd, settings.onBuild], [[], ['/app'], []]);
    assert.equal(settings.healthcheck, '{"Test":["CMD","true"]}');
    assert.deepEqual([config, manifest, createdAt], [id, undefined, '2026-11-23T09:00:00.000Z']);
    assert.deepEqual(
      layers.map(({ size, madeBy }) => [size, madeBy]),
      [
        [10, 'ADD base /'],
        [20, 'COPY app /srv'],
      ],
    );
  });

  test('have an instruction for a layer without files only where it is certain', async () => {
    const nop = { CreatedBy: '/bin/sh -c #(nop)  CMD ["/app"]', Size: 0 };
    const empty = { CreatedBy: '/bin/sh -c true', Size: 0 };
    const add = { CreatedBy: '/bin/sh -c #(nop) ADD file:0 in / ', Size: 10 };
    const makers = async (history: readonly object[]): Promise<unknown> => {
      const { get } = engine({ layers: ['base', 'empty'], history });
      const { layers } = await describeEngineImage(get, version, details, undefined);
      return layers.map(({ madeBy }) => madeBy);
    };
    assert.deepEqual(await makers([nop, empty, add]), [add.CreatedBy, empty.CreatedBy]);
    assert.deepEqual(await makers([nop, empty, empty, add]), [undefined, undefined]);
    assert.deepEqual(await makers([]), [undefined, undefined]);
  });

  test('are asked for by platform, where the engine can be', async () => {
    const { get, asked } = engine({});
    await describeEngineImage(get, version, details, 'linux/amd64');
    await describeEngineImage(get, version, details, 'linux/arm/v7');
    const query = JSON.stringify({ platform: '{"os":"linux","architecture":"arm","variant":"v7"}' });
    assert.deepEqual(asked.slice(2), [`/images/ID/json?${query}`, `/images/ID/history?${query}`]);
    const old = { ...version, api: '1.47' };
    await assert.rejects(describeEngineImage(get, old, details, 'linux/arm64'), { code: 'imageUnsupported' });
  });

  test('of containerd’s store name the manifest of their platform', async () => {
    const { get } = engine({});
    const manifests = [
      { digest: digest('arm64'), isAvailable: true, platform: { os: 'linux', architecture: 'arm64' } },
      { digest: digest('amd64'), isAvailable: true, platform: { os: 'linux', architecture: 'amd64' } },
      { digest: digest('proof'), isAvailable: true, platform: undefined, attests: digest('amd64') },
    ];
    const index = { ...details, storesBlobs: true, manifests };
    const found = await describeEngineImage(get, version, index, undefined);
    assert.deepEqual([found.manifest, found.config], [digest('amd64'), undefined]);
    const single = await describeEngineImage(get, version, { ...details, storesBlobs: true }, undefined);
    assert.equal(single.manifest, id);
  });

  test('may be of any form', async () => {
    const { get } = engine({ config: 'none', history: 'none' });
    const { settings } = await describeEngineImage(get, version, details, undefined);
    assert.deepEqual([settings.env, settings.labels, settings.user], [[], [], '']);
  });
});
