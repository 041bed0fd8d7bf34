import { makeImage, makeLayer, type ImageOptions, type Source } from '../sourceImage.ts';
import { layerTar, noise } from './files.ts';
import type { ImageKind } from './imageKind.ts';

/** Kinds by what the config says, and how it is written. */
export const configKinds: readonly ImageKind[] = [
  kind('unknown fields in the config', 'Fields that no specification has, at the top and below `config`.', {
    config: { 'x-vendor': { nested: [1, 2.5, null] }, config: { Cmd: ['/none'], Unknown: 'kept', Shell: [] } },
  }),
  kind('white space before the config', 'The config begins with line feeds and a tab, and is indented.', {
    format: (config) => `\n\n\t${JSON.stringify(config, undefined, 4)}\n`,
  }),
  kind('no platform in the config', 'Neither `os` nor `architecture`.', {
    config: { os: undefined, architecture: undefined },
  }),
  kind('a config of 3 MB', 'One label has three million characters.', {
    config: { config: { Cmd: ['/none'], Labels: { long: noise('label', 1_500_000).toString('hex') } } },
  }),
  kind('odd labels', 'Keys with slashes and umlauts, emoji, a value of 60 KiB.', {
    config: { config: { Labels: { 'a/b.c/ü': '<&> "quoted" 🚢', 'com.example/long': 'é'.repeat(30 * 1024) } } },
  }),
  kind('no history', 'As `docker import` makes it.', { config: { history: undefined } }),
];

function kind(name: string, about: string, options: Omit<ImageOptions, 'layers'>): ImageKind {
  const make = async (): Promise<Source> =>
    makeImage({ ...options, layers: [makeLayer(await layerTar({ [name]: name }))] });
  return { name, about, make };
}
