import { toTeaChestError } from '../../src/core/base/errors.ts';
import type { PushResult } from '../../src/core/push/pushEvents.ts';
import type { PushRig } from '../integration/push/rig.ts';
import type { Engine } from '../tools/engine.ts';
import { inspectImage } from '../tools/images.ts';
import { digestOf, type Described } from '../tools/ociLayout.ts';
import { callPodman } from '../tools/podman.ts';
import { copyAllBySkopeo, type CopiedReference, type Credentials } from '../tools/verifyPull.ts';
import type { ImageKind } from './kinds/imageKind.ts';
import { loadSource, type ArchiveFormat } from './loadSource.ts';
import { layerTar } from './kinds/files.ts';
import { makeImage, makeLayer, type Source } from './sourceImage.ts';

/**
 * `same`: the published digest is the source's, and so is every blob. `equal`: the same config and the same layers
 * uncompressed, below a manifest of its own. `platform`: one platform of an index; if the engine holds the index, the push
 * says so. `refused`: an error. `engine`: the engine does not take the image. `wrong`: anything else.
 */
export type Outcome = 'same' | 'equal' | 'platform' | 'refused' | 'engine' | 'wrong';

/** What happened to one kind of image on one engine. */
export interface Cell {
  readonly outcome: Outcome;
  /** The engine's words or ours, if any. */
  readonly words: string;
  /** What was published, as other tools name it. */
  readonly reference?: string;
}

/** An engine and a rig that pushes from it. */
export interface CellEngine {
  readonly engine: Pick<Engine, 'docker' | 'host'>;
  readonly family: 'docker' | 'podman';
  readonly rig: PushRig;
  /** `host:port/owner`, below which the repository is made, and its name in the rig. */
  readonly repositories: { readonly host: string; readonly owner: string };
  readonly credentials: Credentials | undefined;
  /** Gives the engine an image known by digest alone; undefined if it reaches no registry. */
  readonly pullByDigest: ((source: Source, name: string) => Promise<string>) | undefined;
}

/** Loads an image of this kind into the engine, pushes it, copies it by skopeo, and compares the copy with the source. */
export async function pushCell(kind: ImageKind, source: Source, at: CellEngine): Promise<Cell> {
  const slug = slugOf(kind.name);
  const loaded = await load(kind, source, slug, at);
  if (loaded.image === undefined) return { outcome: 'engine', words: loaded.words };
  const target = `${at.repositories.owner}/${slug}:1`;
  const reference = `${at.repositories.host}/${target}`;
  let result: PushResult;
  try {
    result = await at.rig.push(loaded.image, target, { isNear: true, isCheckedByCaller: true });
  } catch (error) {
    const { message } = toTeaChestError(error);
    return { outcome: 'refused', words: message };
  }
  const copy = await copyAllBySkopeo(reference, at.credentials);
  return { ...compare(source, copy, { ...result, isWhole: loaded.isWhole ?? true }), reference };
}

export const slugOf = (name: string): string =>
  name
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-|-$/g, '');

interface Loaded {
  /** The name or ID by which the engine has it; undefined if it does not take it. */
  readonly image?: string;
  /** False: the engine has kept one platform of the index. */
  readonly isWhole?: boolean;
  /** What the engine says. */
  readonly words: string;
}

/** The image by which the engine has it then, or why it does not take it. */
async function load(kind: ImageKind, source: Source, slug: string, at: CellEngine): Promise<Loaded> {
  const { engine, family, pullByDigest } = at;
  if (kind.by === 'digest') {
    if (pullByDigest === undefined) return { words: 'It reaches no registry of this test.' };
    return { image: await pullByDigest(source, slug), words: '' };
  }
  if (kind.isPodmanList === true) return makePodmanList(source, slug, at);
  const names = Array.from({ length: kind.tags ?? 1 }, (_, at) => `kinds.test/${slug}:${at + 1}`);
  const format: ArchiveFormat = family === 'docker' ? 'both' : (kind.podmanFormat ?? 'oci');
  const { code, stdout, stderr } = await loadSource(engine, source, { names, format });
  const [name = ''] = names;
  const inspected = await inspectImage(engine, name).catch(() => undefined);
  if (code !== 0 || inspected === undefined) return { words: `${stderr} ${stdout}`.trim() };
  const isWhole = source.manifest !== undefined || inspected.id === source.top.digest;
  if (kind.by !== 'id') return { image: name, isWhole, words: '' };
  await loadSource(engine, await untagging(), { names, format });
  return { image: inspected.id, words: '' };
}

/** A manifest list of images that podman has. */
async function makePodmanList(source: Source, slug: string, { engine, family }: CellEngine): Promise<Loaded> {
  if (family !== 'podman') return { words: 'Only podman has manifest lists of its own.' };
  const images: string[] = [];
  for (const child of childrenOf(source)) {
    const name = `kinds.test/${slug}-${images.length}:1`;
    await loadSource(engine, { ...source, top: child }, { names: [name], format: 'oci' });
    images.push(name);
  }
  const image = `kinds.test/${slug}:1`;
  await callPodman(
    engine,
    `manifests/${encodeURIComponent(image)}`,
    images.map((name) => ['images', `containers-storage:${name}`]),
  );
  return { image, isWhole: true, words: '' };
}

function childrenOf({ blobs, top }: Source): readonly Described[] {
  const bytes = blobs.all.get(top.digest)?.bytes.toString() ?? '';
  return (JSON.parse(bytes) as { readonly manifests?: readonly Described[] }).manifests ?? [];
}

/** Takes the tag from another image. */
const untagging = async (): Promise<Source> => makeImage({ layers: [makeLayer(await layerTar({ next: 'next' }))] });

function compare(
  source: Source,
  copy: CopiedReference,
  result: Pick<PushResult, 'digest' | 'notices'> & { readonly isWhole: boolean },
): Cell {
  const wrong = (words: string): Cell => ({ outcome: 'wrong', words });
  if (copy.digest !== result.digest) return wrong(`The push says ${result.digest}, the registry has ${copy.digest}.`);
  const words = result.notices.join(' ');
  if (copy.digest === source.top.digest) {
    const copied = new Set([copy.digest, ...copy.images.flatMap(digestsOf)]);
    const missing = [...source.blobs.all.keys()].filter((digest) => !copied.has(digest));
    return missing.length === 0 ? { outcome: 'same', words } : wrong(`Not published: ${missing.join(', ')}.`);
  }
  const [image] = copy.images;
  if (image === undefined) return wrong('No image was published.');
  if (copy.images.length > 1) return comparePlatforms(source, copy);
  const wanted = JSON.stringify(source.diffIds);
  if (JSON.stringify(image.configDiffIds) !== wanted || JSON.stringify(image.diffIds) !== wanted) {
    return wrong('The published layers are not those of the source.');
  }
  if (source.manifest === undefined) {
    return words === '' && result.isWhole
      ? wrong('One platform was published, and the push does not say so.')
      : { outcome: 'platform', words };
  }
  const config = source.blobs.all.get(source.manifest.config.digest)?.bytes ?? Buffer.alloc(0);
  if (image.config.digest !== digestOf(config)) return wrong('The published config is another one.');
  return { outcome: 'equal', words };
}

/** Each platform of an index that the engine has made anew. */
function comparePlatforms(source: Source, { images }: CopiedReference): Cell {
  const wrong = (words: string): Cell => ({ outcome: 'wrong', words });
  const configs = childrenOf(source).map(({ digest }) => {
    const { config } = JSON.parse(source.blobs.all.get(digest)?.bytes.toString() ?? '{}') as { config?: Described };
    return config?.digest;
  });
  if (JSON.stringify(images.map(({ config }) => config.digest)) !== JSON.stringify(configs)) {
    return wrong('The published platforms are not those of the source.');
  }
  const isEqual = images.every(
    ({ diffIds, configDiffIds }) => JSON.stringify(diffIds) === JSON.stringify(configDiffIds),
  );
  return isEqual ? { outcome: 'equal', words: '' } : wrong('The published layers are not those of the configs.');
}

const digestsOf = ({ manifestDigest, config, layers }: CopiedReference['images'][number]): string[] => [
  manifestDigest,
  config.digest,
  ...layers.map(({ digest }) => digest),
];
