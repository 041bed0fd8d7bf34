import { toTeaChestError } from '../../src/core/base/errors.ts';
import type { PushResult } from '../../src/core/push/pushEvents.ts';
import type { PushRig } from '../integration/push/rig.ts';
import type { Engine } from '../tools/engine.ts';
import { inspectImage } from '../tools/images.ts';
import { digestOf } from '../tools/ociLayout.ts';
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
  readonly engine: Pick<Engine, 'docker'>;
  readonly format: ArchiveFormat;
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
async function load(
  kind: ImageKind,
  source: Source,
  slug: string,
  { engine, format, pullByDigest }: CellEngine,
): Promise<Loaded> {
  if (kind.by === 'digest') {
    if (pullByDigest === undefined) return { words: 'It reaches no registry of this test.' };
    return { image: await pullByDigest(source, slug), words: '' };
  }
  const names = Array.from({ length: kind.tags ?? 1 }, (_, at) => `kinds.test/${slug}:${at + 1}`);
  const { code, stdout, stderr } = await loadSource(engine, source, { names, format: kind.format ?? format });
  const [name = ''] = names;
  const inspected = await inspectImage(engine, name).catch(() => undefined);
  if (code !== 0 || inspected === undefined) return { words: `${stderr} ${stdout}`.trim() };
  const isWhole = source.manifest !== undefined || inspected.id === source.top.digest;
  if (kind.by !== 'id') return { image: name, isWhole, words: '' };
  await loadSource(engine, await untagging(), { names, format });
  return { image: inspected.id, words: '' };
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
  if (image === undefined || copy.images.length > 1) return wrong(`${copy.images.length} images were published.`);
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

const digestsOf = ({ manifestDigest, config, layers }: CopiedReference['images'][number]): string[] => [
  manifestDigest,
  config.digest,
  ...layers.map(({ digest }) => digest),
];
