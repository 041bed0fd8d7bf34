import { makeImage, makeLayer, type Source } from '../sourceImage.ts';
import { layerTar } from './files.ts';
import type { ImageKind } from './imageKind.ts';

/** Kinds by how the engine names them. */
export const nameKinds: readonly ImageKind[] = [
  {
    name: 'without a tag',
    about: 'Its tag went to another image; pushed by its ID.',
    make: () => image('untagged'),
    by: 'id',
  },
  {
    name: 'known by its digest',
    about: 'Pulled by `name@sha256:…`, so that it has no tag.',
    make: () => image('digest'),
    by: 'digest',
  },
  {
    name: '50 tags',
    about: 'The image has 50 names in the engine.',
    make: () => image('fifty'),
    tags: 50,
    podmanFormat: 'docker',
  },
];

async function image(name: string): Promise<Source> {
  return makeImage({ layers: [makeLayer(await layerTar({ [name]: name })), makeLayer(await layerTar({ top: name }))] });
}
