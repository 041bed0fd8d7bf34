import { once } from 'node:events';
import * as l10n from '@vscode/l10n';
import { pack, type Pack } from 'tar-stream';
import { TeaChestError } from '../base/errors.ts';
import type { Digest } from '../oci/digest.ts';
import { isForeignLayer, mediaTypes } from '../oci/mediaTypes.ts';
import type { StoredBytes } from '../ports/imageRepository.ts';
import type { RelaySource } from '../relay/relaySource.ts';
import type { ImageManifest } from './resolveImage.ts';

export interface ArchiveOptions {
  readonly signal: AbortSignal;
  /** `host/owner/name:tag`: the name that the engine gives to the image. */
  readonly name: string;
  /** What containerd's store calls the image by; undefined for other engines, which know manifests only. */
  readonly index: StoredBytes | undefined;
  /** Bytes of a layer that are in the archive. */
  readonly onLayer: (digest: Digest, bytes: number, isComplete: boolean) => void;
}

/**
 * An archive for `POST /images/load`: an OCI image layout with the `manifest.json` of `docker save`, as docker itself has
 * written it since 25. Podman and containerd's store read the layout (image-spec, image-layout.md), older Docker reads
 * `manifest.json` (moby, image/tarexport). Blobs are as stored, and streamed: nothing is written to disk here.
 */
export async function* imageArchive(
  source: RelaySource,
  { stored, config, layers }: ImageManifest,
  options: ArchiveOptions,
): AsyncGenerator<Uint8Array, void, void> {
  const foreign = layers.find(({ mediaType }) => isForeignLayer(mediaType));
  if (foreign !== undefined) {
    const sentence = l10n.t`${options.name} cannot be put into the engine: its layer ${foreign.digest} is not stored in the registry (${foreign.mediaType}).`;
    throw new TeaChestError('imageUnsupported', sentence);
  }
  const archive = pack();
  const { index = stored } = options;
  const stop = new AbortController();
  const signal = AbortSignal.any([options.signal, stop.signal]);
  const writing = (async () => {
    await add(archive, 'oci-layout', json({ imageLayoutVersion: '1.0.0' }));
    await add(archive, 'index.json', json(layoutIndex(index, options.name)));
    const paths = layers.map(({ digest }) => blobPath(digest));
    await add(
      archive,
      'manifest.json',
      json([{ Config: blobPath(config.digest), RepoTags: [options.name], Layers: paths }]),
    );
    for (const one of new Set([index, stored])) await add(archive, blobPath(one.digest), one.bytes);
    for (const digest of new Set([config.digest, ...layers.map((layer) => layer.digest)])) {
      await addBlob(archive, source, digest, { ...options, signal });
    }
    archive.finalize();
  })();
  writing.catch((error: unknown) => {
    archive.destroy(error instanceof Error ? error : new Error(String(error)));
  });
  try {
    yield* archive as AsyncIterable<Uint8Array>;
  } finally {
    // If the engine stops reading, nothing more is read from the registry.
    stop.abort();
    archive.destroy();
  }
  await writing;
}

function layoutIndex({ mediaType, digest, bytes }: StoredBytes, name: string): object {
  // containerd and podman read the whole name, other tools the tag.
  const annotations = {
    'io.containerd.image.name': name,
    'org.opencontainers.image.ref.name': name.slice(name.lastIndexOf(':') + 1),
  };
  return {
    schemaVersion: 2,
    mediaType: mediaTypes.ociIndex,
    manifests: [{ mediaType, digest, size: bytes.byteLength, annotations }],
  };
}

function blobPath(digest: Digest): string {
  return `blobs/${digest.replace(':', '/')}`;
}

function json(value: unknown): Uint8Array {
  return Buffer.from(JSON.stringify(value));
}

async function add(archive: Pack, name: string, bytes: Uint8Array): Promise<void> {
  const entry = open(archive, name, bytes.byteLength);
  entry.end(bytes);
  await once(entry, 'finish');
}

function open(archive: Pack, name: string, size: number): ReturnType<Pack['entry']> {
  // An archive that is destroyed destroys its entry too, whose error nobody else may be listening to.
  return archive.entry({ name, size }).on('error', () => undefined);
}

async function addBlob(
  archive: Pack,
  source: RelaySource,
  digest: Digest,
  { signal, onLayer }: ArchiveOptions,
): Promise<void> {
  const entry = open(archive, blobPath(digest), source.blobSize(digest) ?? 0);
  let bytes = 0;
  for await (const piece of source.readBlob(digest, 0, signal)) {
    if (!entry.write(piece)) await once(entry, 'drain', { signal });
    bytes += piece.byteLength;
    onLayer(digest, bytes, false);
  }
  entry.end(Buffer.alloc(0));
  await once(entry, 'finish', { signal });
  onLayer(digest, bytes, true);
}
