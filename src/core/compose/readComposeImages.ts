import { access } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import * as l10n from '@vscode/l10n';
import { TeaChestError } from '../base/errors.ts';
import { parseImageReference } from '../oci/imageReference.ts';
import { invalid, readComposeFile, unreadable, type ComposeFile, type ServiceEntry } from './composeFile.ts';
import { composeVariables, type Environment } from './composeVariables.ts';
import { interpolate, InterpolationError, type Variables } from './interpolate.ts';

/** An image of a compose project. */
export interface ComposeImage {
  /** As the services name it, or as docker compose names what it builds. */
  readonly image: string;
  readonly services: readonly string[];
  /** One of the services has a `build`. */
  readonly isBuilt: boolean;
}

export interface ComposeImages {
  readonly project: string;
  readonly images: readonly ComposeImage[];
  /** Services that were left out, as none of their profiles is active. */
  readonly inactive: readonly string[];
}

export interface ComposeRequest {
  /** Absolute paths; each changes those before it, as with several `-f` of docker compose. */
  readonly files: readonly string[];
  /** Active besides those of COMPOSE_PROFILES; `*` stands for all. */
  readonly profiles?: readonly string[] | undefined;
  /** Only these services, whatever their profiles. */
  readonly services?: readonly string[] | undefined;
  readonly environment: Environment;
}

/** A service after its files were merged, before variables are replaced. */
interface Service {
  readonly image: string | undefined;
  readonly isBuilt: boolean;
  readonly profiles: readonly string[];
}

/** The longest chain of `extends`. */
const deepestExtends = 20;

/**
 * The images of compose files, by the rules of docker compose (compose-spec): several files, an override file beside a file
 * of the default name, `extends`, `profiles`, variables with `.env`, and `<project>-<service>` for what is built without a
 * name. `include` and the YAML tags `!reset` and `!override` are refused.
 * @throws TeaChestError `composeFileInvalid`
 */
export async function readComposeImages(request: ComposeRequest): Promise<ComposeImages> {
  const files = await withOverride(request.files);
  const [first] = files;
  if (first === undefined) throw new Error('a compose project has at least one file');
  const contents = await Promise.all(files.map((file) => readComposeFile(file)));
  const variables = await composeVariables(dirname(first), request.environment);
  const text = (value: string): string => replace(first, value, variables);
  const project = projectName(first, contents, variables, text);
  const services = await mergeFiles(files, contents);
  const isChosen = chooseServices(first, services, request, variables, text);
  const byImage = new Map<string, ComposeImage>();
  for (const [name, service] of services) {
    if (!isChosen(name, service)) continue;
    const image = imageOf(first, project, name, service, variables);
    if (image === undefined) continue;
    const known = byImage.get(image);
    byImage.set(image, {
      image,
      services: [...(known?.services ?? []), name],
      isBuilt: service.isBuilt || known?.isBuilt === true,
    });
  }
  const inactive = [...services].flatMap(([name, service]) => (isChosen(name, service) ? [] : [name]));
  return { project, images: [...byImage.values()], inactive: request.services === undefined ? inactive : [] };
}

/** docker compose reads `compose.override.yaml` beside `compose.yaml` if it is named no file. */
async function withOverride(files: readonly string[]): Promise<readonly string[]> {
  const [only, ...others] = files;
  const [, stem] = /^((?:docker-)?compose)\.ya?ml$/.exec(basename(only ?? '')) ?? [];
  if (only === undefined || others.length > 0 || stem === undefined) return files;
  for (const ending of ['yml', 'yaml']) {
    const override = join(dirname(only), `${stem}.override.${ending}`);
    const isThere = await access(override).then(
      () => true,
      () => false,
    );
    if (isThere) return [only, override];
  }
  return files;
}

function projectName(
  first: string,
  contents: readonly ComposeFile[],
  variables: Variables,
  text: (value: string) => string,
): string {
  const named = contents.findLast(({ name }) => typeof name === 'string')?.name;
  const ofVariable = variables('COMPOSE_PROJECT_NAME');
  const given = ofVariable === undefined || ofVariable === '' ? named : ofVariable;
  const name = normalizeProject(typeof given === 'string' ? text(given) : basename(dirname(resolve(first))));
  if (name !== '') return name;
  throw invalid(
    first,
    l10n.t`The compose file ${first} is in a folder whose name cannot be that of a project. Give it a “name”.`,
  );
}

/** compose-go, loader.NormalizeProjectName */
function normalizeProject(name: string): string {
  return name
    .toLowerCase()
    .replace(/[^a-z0-9_-]/g, '')
    .replace(/^[_-]+/, '');
}

async function mergeFiles(
  files: readonly string[],
  contents: readonly ComposeFile[],
): Promise<ReadonlyMap<string, Service>> {
  const merged = new Map<string, Service>();
  for (const [at, { services }] of contents.entries()) {
    for (const [name, entry] of Object.entries(services ?? {})) {
      const file = files[at] ?? '';
      merged.set(name, merge(merged.get(name), await withExtends(file, contents[at] ?? {}, name, entry ?? {}, 0)));
    }
  }
  return merged;
}

/** The entry, on top of the service that it extends. */
async function withExtends(
  file: string,
  content: ComposeFile,
  name: string,
  entry: ServiceEntry,
  depth: number,
): Promise<Service> {
  const own = { image: entry.image ?? undefined, isBuilt: isGiven(entry.build), profiles: entry.profiles ?? [] };
  if (!isGiven(entry.extends)) return own;
  if (depth >= deepestExtends)
    throw invalid(file, l10n.t`The compose file ${file} has a service ${name} that extends itself.`);
  const base = typeof entry.extends === 'string' ? { service: entry.extends } : entry.extends;
  const isElsewhere = 'file' in base && typeof base.file === 'string';
  const from = isElsewhere ? resolve(dirname(file), base.file ?? '') : file;
  const other = isElsewhere ? await readComposeFile(from) : content;
  const extended = other.services?.[base.service];
  if (extended === undefined)
    throw invalid(from, l10n.t`The compose file ${from} has no service ${base.service}, which ${name} extends.`);
  return merge(await withExtends(from, other, base.service, extended ?? {}, depth + 1), own);
}

function isGiven<T>(value: T | null | undefined): value is T {
  return value !== undefined && value !== null;
}

function merge(base: Service | undefined, own: Service): Service {
  if (base === undefined) return own;
  return {
    image: own.image ?? base.image,
    isBuilt: own.isBuilt || base.isBuilt,
    profiles: [...base.profiles, ...own.profiles],
  };
}

function chooseServices(
  file: string,
  services: ReadonlyMap<string, Service>,
  request: ComposeRequest,
  variables: Variables,
  text: (value: string) => string,
): (name: string, service: Service) => boolean {
  const { services: wanted } = request;
  if (wanted !== undefined) {
    const unknown = wanted.find((name) => !services.has(name));
    if (unknown !== undefined) throw invalid(file, l10n.t`The compose file ${file} has no service ${unknown}.`);
    return (name) => wanted.includes(name);
  }
  const ofVariable = (variables('COMPOSE_PROFILES') ?? '').split(',').map((profile) => profile.trim());
  const active = new Set([...(request.profiles ?? []), ...ofVariable].filter((profile) => profile !== ''));
  return (_, { profiles }) =>
    profiles.length === 0 || active.has('*') || profiles.some((profile) => active.has(text(profile)));
}

/** Undefined for a service that has neither an image nor a build. */
function imageOf(
  file: string,
  project: string,
  name: string,
  service: Service,
  variables: Variables,
): string | undefined {
  if (service.image === undefined) return service.isBuilt ? `${project}-${name}` : undefined;
  const { text, unset } = interpolateIn(file, service.image, variables);
  try {
    parseImageReference(text);
  } catch (error) {
    throw invalid(file, notAnImage(file, name, text, unset), error);
  }
  return text;
}

function notAnImage(file: string, service: string, image: string, unset: readonly string[]): string {
  if (unset.length === 0) {
    return l10n.t`The compose file ${file} gives the service ${service} the image “${image}”, which is no name of an image.`;
  }
  return unset.length === 1
    ? l10n.t`The compose file ${file} gives the service ${service} the image “${image}”, which is no name of an image, since ${unset.join()} is not set.`
    : l10n.t`The compose file ${file} gives the service ${service} the image “${image}”, which is no name of an image, since these are not set: ${unset.join(', ')}.`;
}

function replace(file: string, value: string, variables: Variables): string {
  return interpolateIn(file, value, variables).text;
}

function interpolateIn(file: string, value: string, variables: Variables): ReturnType<typeof interpolate> {
  try {
    return interpolate(value, variables);
  } catch (error) {
    if (error instanceof TeaChestError) throw error;
    const isKnown = error instanceof InterpolationError;
    throw invalid(file, isKnown ? error.sentenceOf(file) : unreadable(file, String(error)), error);
  }
}
