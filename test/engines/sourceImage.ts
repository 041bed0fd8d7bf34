import { gzipSync, zstdCompressSync } from 'node:zlib';

import { Blobs, digestOf, oci, type Algorithm, type Described } from '../tools/ociLayout.ts';

/** A layer as it is in the source image. */
export interface SourceLayer {
  readonly diffId: string;
  readonly compression: Compression;
  /** Its bytes, compressed. */
  readonly blob: Buffer;
  /** Other than that of an OCI layer with this compression. */
  readonly mediaType?: string;
  /** Where it can be fetched from, of a foreign layer. */
  readonly urls?: readonly string[];
  /** True: the archive does not hold it. */
  readonly isElsewhere?: boolean;
}

export type Compression = 'gzip' | 'zstd' | 'none';

/** One image of a source: what manifest.json of docker's archive format says of it. */
export interface SourceManifest {
  readonly config: Described;
  readonly layers: readonly Described[];
}

/** An image, an index or an artifact, made here byte for byte. */
export interface Source {
  readonly blobs: Blobs;
  /** What the tag stands for: a manifest or an index. */
  readonly top: Described;
  /** Of the image for linux/amd64, base first; empty for an artifact. */
  readonly diffIds: readonly string[];
  /** The image for linux/amd64; undefined if docker's archive format cannot describe the source. */
  readonly manifest: SourceManifest | undefined;
}

const layerTypes = {
  oci: { gzip: `${oci}.layer.v1.tar+gzip`, zstd: `${oci}.layer.v1.tar+zstd`, none: `${oci}.layer.v1.tar` },
  docker: {
    gzip: 'application/vnd.docker.image.rootfs.diff.tar.gzip',
    zstd: 'application/vnd.docker.image.rootfs.diff.tar.zstd',
    none: 'application/vnd.docker.image.rootfs.diff.tar',
  },
} as const;

const documentTypes = {
  oci: { manifest: `${oci}.manifest.v1+json`, config: `${oci}.config.v1+json` },
  docker: {
    manifest: 'application/vnd.docker.distribution.manifest.v2+json',
    config: 'application/vnd.docker.container.image.v1+json',
  },
} as const;

export function makeLayer(tar: Buffer, compression: Compression = 'gzip'): SourceLayer {
  const blob = { gzip: gzipSync, zstd: zstdCompressSync, none: (bytes: Buffer) => bytes }[compression](tar);
  return { diffId: digestOf(tar), compression, blob };
}

export interface ImageOptions {
  readonly layers: readonly SourceLayer[];
  /** Fields of the config beyond those that every image has; undefined removes one. */
  readonly config?: Readonly<Record<string, unknown>>;
  /** Writes the config; JSON.stringify by default. */
  readonly format?: (config: object) => string;
  readonly family?: 'oci' | 'docker';
  readonly annotations?: Readonly<Record<string, string>>;
  /** Of the digests of config and layers. */
  readonly algorithm?: Algorithm;
}

/** Adds an image to `blobs`, and gives what names it. */
export function addImage(
  blobs: Blobs,
  { layers, config = {}, format = JSON.stringify, family = 'oci', annotations, algorithm }: ImageOptions,
): { readonly top: Described; readonly manifest: SourceManifest } {
  const types = documentTypes[family];
  const document = {
    architecture: 'amd64',
    os: 'linux',
    created: '2020-01-01T00:00:00Z',
    config: { Cmd: ['/none'] },
    rootfs: { type: 'layers', diff_ids: layers.map(({ diffId }) => diffId) },
    history: layers.map((_, at) => ({ created: '2020-01-01T00:00:00Z', created_by: `layer ${at}` })),
    ...config,
  };
  const described = blobs.add(types.config, Buffer.from(format(document)), algorithm);
  const listed = layers.map((layer) => addLayer(blobs, layer, family, algorithm));
  const top = blobs.add(types.manifest, {
    schemaVersion: 2,
    mediaType: types.manifest,
    config: described,
    layers: listed,
    ...(annotations === undefined ? {} : { annotations }),
  });
  return { top, manifest: { config: described, layers: listed } };
}

function addLayer(
  blobs: Blobs,
  { compression, blob, urls, isElsewhere = false, ...layer }: SourceLayer,
  family: 'oci' | 'docker',
  algorithm: Algorithm | undefined,
): Described {
  const { mediaType = layerTypes[family][compression] } = layer;
  const described = blobs.add(mediaType, blob, algorithm);
  if (isElsewhere) blobs.all.delete(described.digest);
  return { ...described, ...(urls === undefined ? {} : { urls }) };
}

/** A source that is one image. */
export function makeImage(options: ImageOptions): Source {
  const blobs = new Blobs();
  const { top, manifest } = addImage(blobs, options);
  return { blobs, top, manifest, diffIds: options.layers.map(({ diffId }) => diffId) };
}
