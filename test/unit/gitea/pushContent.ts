import { digestOf, type Digest } from '../../../src/core/oci/digest.ts';
import { mediaTypes } from '../../../src/core/oci/mediaTypes.ts';
import { bytesSource } from '../../../src/core/ports/blobSource.ts';
import type { Repository } from '../../../src/core/registry/repository.ts';
import { bytesOf, never } from './testClient.ts';

interface Opens {
  repository(name: string, call: { readonly signal: AbortSignal }): Promise<Repository>;
}

const call = { signal: never };
let count = 0;

export interface ImageContent {
  readonly architecture?: string;
  readonly layerSize?: number;
  /** The manifest that this one is about. */
  readonly subject?: Digest;
}

/** Stores an image that differs from every other under each of the references; without one, under its digest. */
export async function pushImage(
  client: Opens,
  name: string,
  references: readonly string[],
  { architecture = 'amd64', layerSize = 100, subject }: ImageContent = {},
): Promise<Digest> {
  const repository = await client.repository(name, call);
  const made = ++count;
  const history = [
    { created: '2026-11-01T10:00:00Z', created_by: `COPY app${String(made)} /app` },
    { created: '2026-11-01T10:00:01Z', created_by: 'CMD ["/app"]', empty_layer: true },
  ];
  const config = Buffer.from(
    JSON.stringify({ os: 'linux', architecture, rootfs: { type: 'layers', diff_ids: [] }, history }),
  );
  const layer = bytesOf(layerSize, made);
  for (const bytes of [config, layer]) {
    await repository.uploadBlob(bytesSource(bytes, digestOf(bytes)), { signal: never, onSent: () => undefined });
  }
  const manifest = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: mediaTypes.ociManifest,
      config: { mediaType: mediaTypes.ociConfig, digest: digestOf(config), size: config.length },
      layers: [{ mediaType: mediaTypes.ociLayerGzip, digest: digestOf(layer), size: layer.length }],
      ...(subject === undefined ? {} : { subject: { mediaType: mediaTypes.ociManifest, digest: subject, size: 1 } }),
    }),
  );
  const digest = digestOf(manifest);
  for (const reference of references.length === 0 ? [digest] : references) {
    await repository.putManifest(reference, manifest, mediaTypes.ociManifest, call);
  }
  return digest;
}

/** Stores an index of these images, each for another platform, under a tag or, without one, under its digest. */
export async function pushIndex(
  client: Opens,
  name: string,
  tag: string | undefined,
  images: readonly Digest[],
): Promise<Digest> {
  const repository = await client.repository(name, call);
  const manifests = await Promise.all(
    images.map(async (digest, at) => ({
      mediaType: mediaTypes.ociManifest,
      digest,
      size: (await repository.headManifest(digest, call))?.size ?? 0,
      platform: { os: 'linux', architecture: ['amd64', 'arm64', 's390x', 'riscv64'][at] ?? `cpu${String(at)}` },
    })),
  );
  const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests }));
  await repository.putManifest(tag ?? digestOf(bytes), bytes, mediaTypes.ociIndex, call);
  return digestOf(bytes);
}

/** Rows of a list, and what it says at its end. */
export async function collect<T, End>(
  rows: AsyncGenerator<T, End, void>,
  most = Number.POSITIVE_INFINITY,
): Promise<{ readonly rows: readonly T[]; readonly end: End | undefined }> {
  const found: T[] = [];
  while (found.length < most) {
    const row = await rows.next();
    if (row.done === true) return { rows: found, end: row.value };
    found.push(row.value);
  }
  return { rows: found, end: undefined };
}
