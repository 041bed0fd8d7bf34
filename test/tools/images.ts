import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { buffer } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';

import { pack } from 'tar-stream';
import type { Header, Pack } from 'tar-stream';

import type { Engine } from './engine.ts';
import { machineFiles } from './machineFiles.ts';
import type { MachineFile } from './machineFiles.ts';

type PartialHeader = Partial<Header> & Pick<Header, 'name'>;

/** Path inside a layer → content. */
export type Contents = Readonly<Record<string, string | Buffer>>;

/** What one layer holds. */
export type Layer =
  /** About this many bytes of the machine's own files; no two layers of an image share a file. */
  | { readonly megabytes: number }
  /** Exactly these files, by path inside the image. */
  | { readonly files: Contents }
  /** The same content as an earlier layer of this image, counted from 0: its diffID comes twice. */
  | { readonly sameAs: number };

export interface ImageRecipe {
  /** `name:tag` or several. */
  readonly tags: readonly string[];
  readonly layers: readonly Layer[];
  /** Set in the config; makes otherwise equal images differ. */
  readonly labels?: Readonly<Record<string, string>>;
}

export interface BuiltImage {
  /** `sha256:…` */
  readonly id: string;
  /** Bytes of all files, uncompressed. */
  readonly size: number;
  /** In order, as the config has them. */
  readonly diffIds: readonly string[];
  /** The digest of its config, where the engine says it: a classic store calls the image by it. */
  readonly configDigest: string | undefined;
}

/** Recipes for the sizes that tests ask for most. */
export const sizes = {
  small: [{ megabytes: 1 }, { megabytes: 1 }],
  medium: [{ megabytes: 20 }, { megabytes: 10 }, { megabytes: 2 }],
  large: [{ megabytes: 100 }, { megabytes: 40 }, { megabytes: 10 }],
} as const satisfies Record<string, readonly Layer[]>;

/** Builds an image FROM scratch out of files that this machine has: nothing is pulled. */
export async function buildImage(
  engine: Engine,
  recipe: ImageRecipe,
  onLine?: (line: string) => void,
): Promise<BuiltImage> {
  const context = pack();
  const filled = fillContext(context, recipe);
  const build = engine.docker(['build', ...recipe.tags.flatMap((tag) => ['--tag', tag]), '-'], {
    input: context,
    ...(onLine === undefined ? {} : { onLine }),
  });
  await Promise.all([filled, build]);
  return inspectImage(engine, recipe.tags[0] ?? '');
}

export interface LoadRecipe {
  readonly tags: readonly string[];
  readonly layers: readonly Contents[];
  /** Set in the config; makes otherwise equal images differ. */
  readonly labels?: Readonly<Record<string, string>>;
}

/**
 * Loads an image from an archive written here: for shapes that a build does not make, such as layers that hold nothing
 * (`{}`), or an image without any layer. Layers are kept in memory: small ones only.
 */
export async function loadImage(engine: Engine, recipe: LoadRecipe): Promise<BuiltImage> {
  await loadImages(engine, [recipe]);
  return inspectImage(engine, recipe.tags[0] ?? '');
}

/** Many images by one archive: much sooner than a build of each. */
export async function loadImages(engine: Engine, recipes: readonly LoadRecipe[]): Promise<void> {
  const saved = pack();
  const load = engine.docker(['load', '--quiet'], { input: saved });
  const manifest = [];
  for (const [number, recipe] of recipes.entries()) manifest.push(await addImage(saved, recipe, number));
  await addEntry(saved, { name: 'manifest.json' }, JSON.stringify(manifest));
  saved.finalize();
  await load;
}

async function addImage(saved: Pack, { tags, layers, labels }: LoadRecipe, number: number): Promise<object> {
  const archives = await Promise.all(layers.map(layerArchive));
  const config = JSON.stringify({
    architecture: 'amd64',
    os: 'linux',
    created: '2020-01-01T00:00:00Z',
    config: { Cmd: ['/none'], ...(labels === undefined ? {} : { Labels: labels }) },
    rootfs: { type: 'layers', diff_ids: archives.map((archive) => `sha256:${sha256(archive)}`) },
    history: archives.map(() => ({ created: '2020-01-01T00:00:00Z', created_by: 'loadImage' })),
  });
  const names = archives.map((_, index) => `${number}/${index}/layer.tar`);
  const configName = `${sha256(config)}.json`;
  await addEntry(saved, { name: configName }, config);
  for (const [index, archive] of archives.entries()) await addEntry(saved, { name: names[index] ?? '' }, archive);
  return { Config: configName, RepoTags: tags, Layers: names };
}

async function layerArchive(files: Contents): Promise<Buffer> {
  const archive = pack();
  const whole = buffer(archive);
  await addContents(archive, files, '');
  archive.finalize();
  return whole;
}

const sha256 = (data: string | Buffer): string => createHash('sha256').update(data).digest('hex');

interface InspectedImage {
  readonly Id: string;
  readonly Size: number;
  readonly RootFS: { readonly Layers?: string[] };
  readonly GraphDriver?: { readonly Name: string };
}

/** What the engine says of an image of its own. */
export async function inspectImage(engine: Pick<Engine, 'docker'>, reference: string): Promise<BuiltImage> {
  const { stdout } = await engine.docker(['image', 'inspect', reference]);
  const [image] = JSON.parse(stdout) as [InspectedImage];
  // containerd's store, which calls images by other digests, has snapshotters for drivers.
  const isContainerd = image.GraphDriver?.Name === 'overlayfs';
  const configDigest = isContainerd ? undefined : image.Id;
  return { id: image.Id, size: image.Size, diffIds: image.RootFS.Layers ?? [], configDigest };
}

async function fillContext(context: Pack, recipe: ImageRecipe): Promise<void> {
  const files = machineFiles();
  const lines = ['FROM scratch'];
  for (const [index, layer] of recipe.layers.entries()) {
    const folder = `layer${index}`;
    if ('sameAs' in layer) {
      lines.push(lines[layer.sameAs + 1] ?? '');
    } else {
      await addLayer(context, folder, layer, files);
      lines.push(`COPY ${folder}/ /${'files' in layer ? '' : folder}`);
    }
  }
  for (const [name, value] of Object.entries(recipe.labels ?? {})) lines.push(`LABEL ${name}=${JSON.stringify(value)}`);
  // An image without a command cannot be created by the classic builder when it has no layer either.
  lines.push('CMD ["/none"]');
  await addEntry(context, { name: 'Dockerfile' }, `${lines.join('\n')}\n`);
  context.finalize();
}

async function addLayer(
  context: Pack,
  folder: string,
  layer: { readonly megabytes: number } | { readonly files: Contents },
  files: AsyncGenerator<MachineFile>,
): Promise<void> {
  if ('files' in layer) {
    await addContents(context, layer.files, `${folder}/`);
    return;
  }
  let left = layer.megabytes * 1024 * 1024;
  while (left > 0) {
    const next = await files.next();
    if (next.done === true) throw new Error('This machine has too few files for an image of that size.');
    await addFile(context, folder, next.value);
    left -= next.value.size;
  }
}

async function addContents(archive: Pack, files: Contents, prefix: string): Promise<void> {
  for (const [path, content] of Object.entries(files)) {
    await addEntry(archive, { name: prefix + path.replace(/^\/+/, '') }, content);
  }
}

async function addFile(context: Pack, folder: string, file: MachineFile): Promise<void> {
  const source = createReadStream(file.path, { end: file.size - 1 });
  const entry = context.entry(header({ name: `${folder}${file.path}`, size: file.size }));
  await pipeline(source, entry);
}

function addEntry(context: Pack, partial: PartialHeader, content: string | Buffer = ''): Promise<void> {
  return new Promise((resolve, reject) => {
    context.entry(header(partial), content, (error) => {
      if (error) reject(error);
      else resolve();
    });
  });
}

/** Times and owners fixed: the same files give the same layer on every build. */
function header(partial: PartialHeader): PartialHeader {
  return { mode: partial.type === 'directory' ? 0o755 : 0o644, mtime: new Date(0), uid: 0, gid: 0, ...partial };
}
