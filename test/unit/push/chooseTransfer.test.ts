import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, beforeEach, describe, it } from 'node:test';
import { mediaTypes } from '../../../src/core/oci/mediaTypes.ts';
import type { LayerCodec } from '../../../src/core/ports/layerCodec.ts';
import {
  acceptsEngineGzip,
  chooseTransfer,
  compressesStored,
  findRelay,
  type RelayOption,
} from '../../../src/core/push/chooseTransfer.ts';
import { LayerLedger } from '../../../src/core/push/layerLedger.ts';
import type { AttemptContext } from '../../../src/core/push/pushContext.ts';
import { RepositoryBlobs } from '../../../src/core/push/repositoryBlobs.ts';
import { silentLogger } from '../../tools/silentLogger.ts';
import { machine, RelayRig, type Machine } from './relay/relayRig.ts';
import { noCompression, plainGzip } from './fakes.ts';

const zstd: LayerCodec = { ...plainGzip, mediaType: mediaTypes.ociLayerZstd };
const large = [{ bytes: randomBytes(1_000) }, { bytes: randomBytes(500) }];

interface Case {
  readonly store: 'classic' | 'containerd';
  readonly strategy?: 'export' | 'relay';
  readonly codec?: LayerCodec;
  readonly isCodecRequired?: boolean;
  /** The relay could not be opened. */
  readonly isClosed?: boolean;
  /** The engine is reached over the network. */
  readonly isFar?: boolean;
  readonly hasNoName?: boolean;
  /** It failed a short time ago. */
  readonly wasMissed?: boolean;
  readonly manifestType?: string;
  /** Layers that the registry has; it gives all other sizes from the image. */
  readonly stored?: number;
  readonly hasNoLayers?: boolean;
}

describe('how the bytes leave the engine', () => {
  const far = 'It is reached over the network.';
  let rig: RelayRig;
  before(async () => (rig = await RelayRig.create()));
  after(() => rig.remove());
  beforeEach(() => {
    rig.reset();
  });

  function contextOf(wanted: Case, { engine, pusher }: Machine): AttemptContext {
    const { registry: target, cache, endpoint, reachability, uploads } = rig;
    const { strategy, codec = plainGzip, isCodecRequired = false } = wanted;
    const references = wanted.hasNoName === true ? [] : engine.details.references;
    // A base of 1 GB and a change of 1 MB, by the engine's own figures.
    const { diffIds } = wanted.hasNoLayers === true ? { diffIds: [] } : engine.details;
    const { manifestType, isFar = false } = wanted;
    const image = { ...engine.details, references, diffIds, size: 1_001_000_000, manifestType };
    pusher.historySizes = () => Promise.resolve([1_000_000_000, 1_000_000]);
    if (wanted.wasMissed === true) reachability.missed(pusher.id);
    const request = {
      ...{ image: 'app:1', origin: 'https://gitea.test', repository: 'gitea.test/dev/app', tag: '1' },
      ...{ codec, isCodecRequired, strategy, parallelBlobs: 2 },
    };
    return {
      ...{
        request,
        image,
        source: isFar ? Object.assign(engine, { whyNoPusher: () => far }) : engine,
        target,
        cache,
        uploads,
        spoolRoot: '',
        spoolLimit: 0,
      },
      ...{ logger: silentLogger, now: () => 0, signal: new AbortController().signal, onEvent: () => undefined },
      ...(isFar || wanted.isClosed === true ? {} : { relay: { pusher, endpoint, reachability } }),
      runStage: (_, work) => work(),
      compressesStored: compressesStored(request, image),
      selection: { kind: 'whole' },
      publishedUnder: 'tag',
      blobs: new RepositoryBlobs({ target, cache, uploads, origin: request.origin }, undefined),
      usesCache: true,
    };
  }

  async function choose(wanted: Case): Promise<{ readonly relay: RelayOption; readonly choice: string }> {
    const here = machine(large, wanted.store);
    await rig.cache.load();
    const context = contextOf(wanted, here);
    const ledger = new LayerLedger(context);
    for (const diffId of context.image.diffIds.slice(0, wanted.stored ?? 0)) {
      rig.cache.rememberEngineDigest(here.pusher.id, diffId, diffId);
      const descriptor = { mediaType: mediaTypes.ociLayerGzip, digest: diffId, size: 1 };
      ledger.claimStored({ diffId, descriptor, proof: 'provedBefore' }, 'exists');
    }
    const relay = findRelay(context);
    const choice = await chooseTransfer(context, ledger, relay).then(
      (transfer) => (transfer.by === 'relay' ? `relay, ${transfer.store}` : `export: ${transfer.reason}`),
      (error: unknown) => `refused: ${String(error)}`,
    );
    return { relay, choice };
  }

  const cases: readonly [string, Case, RegExp][] = [
    ['whatever containerd’s store holds', { store: 'containerd' }, /^relay, containerd$/],
    ['that, for zstd as well', { store: 'containerd', codec: zstd, isCodecRequired: true }, /^relay, containerd$/],
    ['a small change of a classic image', { store: 'classic', stored: 1 }, /^relay, classic$/],
    [
      'a first push of a classic image',
      { store: 'classic' },
      /^export: Estimated on the engine’s side: [\d.]+ s by its own push/,
    ],
    [
      'a classic image without layers, which no classic engine exports',
      { store: 'classic', hasNoLayers: true },
      /^relay, classic$/,
    ],
    [
      'a change for which the engine’s gzip does as well',
      { store: 'classic', stored: 1, codec: zstd },
      /^relay, classic$/,
    ],
    [
      'a change in a compression that a classic engine does not make',
      { store: 'classic', stored: 1, codec: zstd, isCodecRequired: true },
      /^export: It compresses by gzip/,
    ],
    ['what is asked to be exported', { store: 'containerd', strategy: 'export' }, /^export: An export is asked for/],
    ['a first push that is asked to be relayed', { store: 'classic', strategy: 'relay' }, /^relay, classic$/],
    [
      'that, in another compression',
      { store: 'classic', strategy: 'relay', codec: noCompression, isCodecRequired: true },
      /^relay, classic$/,
    ],
    [
      'an engine whose relay could not be opened',
      { store: 'containerd', isClosed: true },
      /^export: Tea Chest could not open a port for it at 127\.0\.0\.1\.$/,
    ],
    ['an engine on another machine', { store: 'containerd', isFar: true }, /^export: It is reached over the network/],
    [
      'that, where a relay is asked for',
      { store: 'containerd', isFar: true, strategy: 'relay' },
      /^refused: .*“relay” is asked for.*reached over the network/,
    ],
    ['an image without a name', { store: 'containerd', hasNoName: true }, /^export: .*no name of its own/],
    [
      'that, where a relay is asked for',
      { store: 'containerd', hasNoName: true, strategy: 'relay' },
      /^refused: .*no name of its own/,
    ],
    [
      'an engine that did not reach us',
      { store: 'containerd', wasMissed: true },
      /^export: It did not reach Tea Chest at 127/,
    ],
    [
      'that, where a relay is asked for',
      { store: 'containerd', wasMissed: true, strategy: 'relay' },
      /^relay, containerd$/,
    ],
  ];
  for (const [what, wanted, expected] of cases) {
    it(`${what}: ${expected.source}`, async () => {
      assert.match((await choose(wanted)).choice, expected);
    });
  }

  it('compresses stored layers of a single image where a codec is asked for', () => {
    const compresses = (codec: LayerCodec, isCodecRequired: boolean, manifestType?: string): boolean =>
      compressesStored({ codec, isCodecRequired }, { manifestType });
    assert.equal(compresses(plainGzip, true, mediaTypes.ociManifest), true);
    assert.equal(compresses(zstd, true, mediaTypes.dockerManifest), true);
    assert.equal(compresses(plainGzip, false, mediaTypes.ociManifest), false);
    assert.equal(compresses(noCompression, true, mediaTypes.ociManifest), false);
    assert.equal(compresses(plainGzip, true, mediaTypes.ociIndex), false);
    assert.equal(compresses(plainGzip, true), false);
    assert.equal(acceptsEngineGzip({ codec: plainGzip, isCodecRequired: true }), true);
    assert.equal(acceptsEngineGzip({ codec: noCompression, isCodecRequired: true }), false);
    assert.equal(acceptsEngineGzip({ codec: noCompression }), true);
  });
});
