/** OCI image-spec, media-types.md. */
export const mediaTypes = {
  ociManifest: 'application/vnd.oci.image.manifest.v1+json',
  ociIndex: 'application/vnd.oci.image.index.v1+json',
  ociConfig: 'application/vnd.oci.image.config.v1+json',
  ociLayer: 'application/vnd.oci.image.layer.v1.tar',
  ociLayerGzip: 'application/vnd.oci.image.layer.v1.tar+gzip',
  ociLayerZstd: 'application/vnd.oci.image.layer.v1.tar+zstd',
  dockerManifest: 'application/vnd.docker.distribution.manifest.v2+json',
  dockerManifestList: 'application/vnd.docker.distribution.manifest.list.v2+json',
  dockerConfig: 'application/vnd.docker.container.image.v1+json',
  dockerLayer: 'application/vnd.docker.image.rootfs.diff.tar',
  dockerLayerGzip: 'application/vnd.docker.image.rootfs.diff.tar.gzip',
} as const;

/** Layers that are stored elsewhere and that engines do not push (image-spec, layer.md §Non-Distributable). */
const foreignLayers: ReadonlySet<string> = new Set([
  'application/vnd.oci.image.layer.nondistributable.v1.tar',
  'application/vnd.oci.image.layer.nondistributable.v1.tar+gzip',
  'application/vnd.oci.image.layer.nondistributable.v1.tar+zstd',
  'application/vnd.docker.image.rootfs.foreign.diff.tar',
  'application/vnd.docker.image.rootfs.foreign.diff.tar.gzip',
]);

const ownLayers: ReadonlySet<string> = new Set([
  mediaTypes.ociLayer,
  mediaTypes.ociLayerGzip,
  mediaTypes.ociLayerZstd,
  mediaTypes.dockerLayer,
  mediaTypes.dockerLayerGzip,
  // Written by some versions of BuildKit.
  'application/vnd.docker.image.rootfs.diff.tar.zstd',
]);

export function isForeignLayer(mediaType: string): boolean {
  return foreignLayers.has(mediaType);
}

/** True for a layer that has a diffID, whatever its compression. */
export function isLayer(mediaType: string): boolean {
  return ownLayers.has(mediaType) || foreignLayers.has(mediaType);
}

/** Its digest is its diffID. */
export function isUncompressedLayer(mediaType: string): boolean {
  return mediaType === mediaTypes.ociLayer || mediaType === mediaTypes.dockerLayer;
}

export function isImageConfig(mediaType: string): boolean {
  return mediaType === mediaTypes.ociConfig || mediaType === mediaTypes.dockerConfig;
}

/** True for a manifest of one image, rather than an index. */
export function isImageManifest(mediaType: string | undefined): boolean {
  return mediaType === mediaTypes.ociManifest || mediaType === mediaTypes.dockerManifest;
}

export function isIndex(mediaType: string | undefined): boolean {
  return mediaType === mediaTypes.ociIndex || mediaType === mediaTypes.dockerManifestList;
}

/** What a layer of that compression is called; undefined stands for a tar as it is. */
export function layerTypeOf(compression: 'gzip' | 'zstd' | undefined): string {
  if (compression === undefined) return mediaTypes.ociLayer;
  return compression === 'gzip' ? mediaTypes.ociLayerGzip : mediaTypes.ociLayerZstd;
}

const ociTypes: ReadonlyMap<string, string> = new Map([
  [mediaTypes.dockerLayer, mediaTypes.ociLayer],
  [mediaTypes.dockerLayerGzip, mediaTypes.ociLayerGzip],
]);

/** What an OCI manifest calls such a layer; the same where Docker has no name of its own for it. */
export function ociLayerType(mediaType: string): string {
  return ociTypes.get(mediaType) ?? mediaType;
}

/** The Content-Type of blob bytes: Gitea parses the body if it is that of a form (docs/gitea.md §2). */
export const octetStream = 'application/octet-stream';
