import { gzipSync } from 'node:zlib';
import { digestOf, type Digest } from '../../../../src/core/oci/digest.ts';
import { mediaTypes } from '../../../../src/core/oci/mediaTypes.ts';
import type { EngineManifest, ImageDetails } from '../../../../src/core/ports/imageSource.ts';
import { FakeEngine, someLayer } from '../fakes.ts';

export interface Described {
  readonly mediaType: string;
  readonly digest: Digest;
  readonly size: number;
  readonly platform?: { readonly os: string; readonly architecture: string };
  readonly annotations?: Readonly<Record<string, string>>;
}

interface Layer {
  readonly tar: Buffer;
  readonly blob: Buffer;
  readonly diffId: Digest;
}

const made = new Map<string, Layer>();

/** Made once: many images of a test have the same ones. */
function layerOf(seed: number, size: number): Layer {
  const key = `${seed} ${size}`;
  const tar = made.get(key)?.tar ?? someLayer(seed, size);
  const layer = made.get(key) ?? { tar, blob: gzipSync(tar), diffId: digestOf(tar) };
  made.set(key, layer);
  return layer;
}

/** Blobs as containerd's store has them. */
export class StoredBlobs {
  readonly all = new Map<Digest, Buffer>();

  add(mediaType: string, content: Buffer | object): Described {
    const bytes = Buffer.isBuffer(content) ? content : Buffer.from(JSON.stringify(content));
    this.all.set(digestOf(bytes), bytes);
    return { mediaType, digest: digestOf(bytes), size: bytes.byteLength };
  }

  /** A manifest of an image with a gzip layer of about these sizes each. */
  addImage(architecture: string, sizes: readonly number[], layerType: string = mediaTypes.ociLayerGzip): Described {
    const layers = sizes.map((size, at) => layerOf(size + at + architecture.length, size));
    const config = {
      architecture,
      os: 'linux',
      rootfs: { type: 'layers', diff_ids: layers.map(({ diffId }) => diffId) },
    };
    const isTar = layerType === mediaTypes.ociLayer;
    const manifest = this.add(mediaTypes.ociManifest, {
      schemaVersion: 2,
      mediaType: mediaTypes.ociManifest,
      config: this.add(mediaTypes.ociConfig, config),
      layers: layers.map(({ tar, blob }) => this.add(layerType, isTar ? tar : blob)),
    });
    return { ...manifest, platform: { os: 'linux', architecture } };
  }

  /** As BuildKit writes it. */
  addAttestation(of: Described): Described {
    const statement = { _type: 'https://in-toto.io/Statement/v0.1', subject: [{ digest: of.digest }] };
    const config = { architecture: 'unknown', os: 'unknown', rootfs: { type: 'layers', diff_ids: [of.digest] } };
    const manifest = this.add(mediaTypes.ociManifest, {
      schemaVersion: 2,
      mediaType: mediaTypes.ociManifest,
      config: this.add(mediaTypes.ociConfig, config),
      layers: [this.add('application/vnd.in-toto+json', statement)],
    });
    const annotations = {
      'vnd.docker.reference.type': 'attestation-manifest',
      'vnd.docker.reference.digest': of.digest,
    };
    return { ...manifest, platform: { os: 'unknown', architecture: 'unknown' }, annotations };
  }

  addIndex(manifests: readonly Described[]): Described {
    const index = { schemaVersion: 2, mediaType: mediaTypes.ociIndex, annotations: { kept: 'yes' }, manifests };
    return this.add(mediaTypes.ociIndex, index);
  }

  /** Everything that a manifest or an index refers to, itself included. */
  reachable({ digest }: Pick<Described, 'digest'>): ReadonlySet<Digest> {
    const bytes = this.all.get(digest);
    if (bytes === undefined) return new Set();
    const found = new Set([digest]);
    let document: { config?: Described; layers?: Described[]; manifests?: Described[] } = {};
    try {
      document = JSON.parse(bytes.toString('utf8')) as typeof document;
    } catch {
      // A layer.
    }
    const { config, layers = [], manifests = [] } = document;
    for (const child of [...(config === undefined ? [] : [config]), ...layers, ...manifests]) {
      for (const one of this.reachable(child)) found.add(one);
    }
    return found;
  }
}

/** An engine with containerd's store. `listed`: its manifests, as Docker 28 lists them; older ones do not even say what it is. */
export function engineWith(
  blobs: StoredBlobs,
  top: Described,
  listed?: readonly EngineManifest[] | 'unlisted',
): FakeEngine {
  const engine = new FakeEngine([]);
  const details: Partial<ImageDetails> = { id: top.digest, diffIds: [], storesBlobs: true };
  const shown = listed === 'unlisted' ? {} : { manifestType: top.mediaType, manifests: listed };
  Object.assign(engine.details, { ...details, ...shown });
  engine.stored = [...blobs.all.values()];
  return engine;
}

export function listed({ digest, platform, annotations }: Described, isAvailable = true): EngineManifest {
  const attests = annotations?.['vnd.docker.reference.digest'] as Digest | undefined;
  return { digest, isAvailable, platform: attests === undefined ? platform : undefined, attests };
}
