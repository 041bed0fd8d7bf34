import { oci } from '../../tools/ociLayout.ts';
import {
  makeImage,
  makeLayer,
  type Compression,
  type ImageOptions,
  type Source,
  type SourceLayer,
} from '../sourceImage.ts';
import { layerTar, noise } from './files.ts';
import type { ImageKind } from './imageKind.ts';

/** Kinds by compression, media types and digests. */
export const formatKinds: readonly ImageKind[] = [
  { name: 'zstd layers', about: 'OCI media types.', make: () => image('zstd', ['zstd', 'zstd']) },
  { name: 'uncompressed layers', about: 'OCI media types.', make: () => image('tar', ['none', 'none']) },
  {
    name: 'gzip, zstd and uncompressed layers',
    about: 'One of each, with OCI media types.',
    make: () => image('mixed', ['gzip', 'zstd', 'none']),
  },
  {
    name: 'Docker media types',
    about: 'A manifest of schema 2 with gzip layers.',
    make: () => image('docker', ['gzip', 'gzip'], { family: 'docker' }),
  },
  {
    name: 'sha512 digests',
    about: 'The manifest names config and layers by sha512.',
    make: () => image('sha512', ['gzip'], { algorithm: 'sha512' }),
  },
  {
    name: 'annotations of 5 MB',
    about: 'The manifest is larger than the 4 MiB that registries must take.',
    slowOn: ['podman4', 'podman5', 'rootlessPodman'],
    make: () => image('annotated', ['gzip'], { annotations: { long: noise('annotation', 2_500_000).toString('hex') } }),
  },
  {
    name: 'a foreign layer that is here',
    about: 'A non-distributable layer with `urls`, whose bytes the archive holds.',
    make: () => foreign({ isElsewhere: false }),
    unpullable: 'docker fetches a foreign layer from its URL',
  },
  {
    name: 'a foreign layer that is elsewhere',
    about: 'The same without its bytes.',
    make: () => foreign({ isElsewhere: true }),
  },
];

async function image(
  name: string,
  compressions: readonly Compression[],
  options: Omit<ImageOptions, 'layers'> = {},
): Promise<Source> {
  const layers: SourceLayer[] = [];
  for (const [at, compression] of compressions.entries()) {
    layers.push(
      makeLayer(await layerTar({ [`${name}/${at}`]: noise(`${name}${at}`, 50_000).toString('hex') }), compression),
    );
  }
  return makeImage({ ...options, layers });
}

async function foreign({ isElsewhere }: { readonly isElsewhere: boolean }): Promise<Source> {
  const name = `foreign/${isElsewhere ? 'elsewhere' : 'here'}`;
  const layer = {
    ...makeLayer(await layerTar({ [name]: noise(name, 50_000) })),
    mediaType: `${oci}.layer.nondistributable.v1.tar+gzip`,
    urls: ['https://layers.example.test/windows'],
    isElsewhere,
  };
  return makeImage({ layers: [layer, makeLayer(await layerTar({ own: name }))] });
}
