import { createHash } from 'node:crypto';
import * as l10n from '@vscode/l10n';
import * as v from 'valibot';
import { lenient, parseJson } from '../../base/json.ts';
import { isSnapFolder } from './dockerConfigFolder.ts';
import { pathsOf } from './hostPaths.ts';
import { endpointInvalid, parseEndpoint } from './parseEndpoint.ts';
import { readTlsFiles } from './tlsFiles.ts';
import type { HostEnvironment } from './hostEnvironment.ts';
import type { EngineEndpoint } from '../types.ts';

/** `config.json` and a context's `meta.json` (docker/cli): a member of another type counts as missing. */
const dockerConfig = v.fallback(v.object({ currentContext: lenient(v.string()) }), {});
const dockerEndpoint = v.object({ Host: lenient(v.string()), SkipTLSVerify: lenient(v.boolean()) });
const contextMeta = v.fallback(
  v.object({
    Name: lenient(v.string()),
    Metadata: lenient(v.object({ Description: lenient(v.string()) })),
    Endpoints: lenient(v.object({ docker: lenient(dockerEndpoint) })),
  }),
  {},
);

/** Docker's name for the context that is not stored: DOCKER_HOST or the default socket. */
export const builtInContext = 'default';

/** Docker's configuration, and why it could not be read. */
export interface UnreadConfig {
  readonly file: string;
  readonly message: string;
}

export interface ContextChoice {
  /** Undefined if no context is chosen; `default` only if it is chosen by name. */
  readonly name: string | undefined;
  readonly unread?: UnreadConfig;
}

/** The context that DOCKER_CONTEXT or else config.json names. `folder`: see `dockerConfigFolder`. */
export async function chosenContext(folder: string, machine: HostEnvironment): Promise<ContextChoice> {
  const fromEnv = machine.env['DOCKER_CONTEXT'];
  const choice = fromEnv === undefined || fromEnv === '' ? await contextOfConfig(folder, machine) : { name: fromEnv };
  return choice.name === '' ? { ...choice, name: undefined } : choice;
}

/**
 * A configuration that cannot be read names no context: docker's command line also warns and goes on (docker/cli,
 * cli/config `LoadDefaultConfigFile`). An empty file, which a crash may leave, has no settings.
 */
async function contextOfConfig(folder: string, machine: HostEnvironment): Promise<ContextChoice> {
  const file = pathsOf(machine).join(folder, 'config.json');
  try {
    return { name: (await readJson(machine, file, dockerConfig))?.currentContext };
  } catch (error) {
    return { name: undefined, unread: { file, message: messageOf(error) } };
  }
}

/**
 * The endpoint of a context in docker's store: `contexts/meta/<sha256 of the name>/meta.json`, with TLS files under
 * `contexts/tls` (docker/cli, cli/context/store). Undefined if the context has no address: docker uses its default then.
 */
export async function contextEndpoint(
  name: string,
  folder: string,
  machine: HostEnvironment,
): Promise<EngineEndpoint | undefined> {
  const join = (...parts: string[]): string => pathsOf(machine).join(...parts);
  const source = isSnapFolder(folder, machine)
    ? l10n.t({
        message: 'the docker context “{0}” of {1}',
        args: [name, folder],
        comment:
          'Where the address of the container engine is configured; stands in brackets after it, and in “The engine’s address from {0} cannot be used”.',
      })
    : l10n.t({
        message: 'the docker context “{0}”',
        args: [name],
        comment:
          'Where the address of the container engine is configured; stands in brackets after it, and in “The engine’s address from {0} cannot be used”.',
      });
  const facts = { context: name };
  const id = createHash('sha256').update(name).digest('hex');
  const store = join(folder, 'contexts');
  const file = join(store, 'meta', id, 'meta.json');
  const meta = await readJson(machine, file, contextMeta).catch((cause: unknown) => {
    throw endpointInvalid(source, l10n.t`${file} cannot be read (${messageOf(cause)})`, { cause, facts });
  });
  if (meta === undefined) {
    const why = l10n.t`docker has no context of that name in ${store}; it may have been removed`;
    throw endpointInvalid(source, why, { facts: { ...facts, isMissing: true } });
  }
  const docker = meta.Endpoints?.docker;
  if (docker === undefined) throw endpointInvalid(source, l10n.t('it has no docker endpoint'), { facts });
  const { Host: host, SkipTLSVerify } = docker;
  if (host === undefined || host === '') return undefined;
  const verify = SkipTLSVerify !== true;
  const files = await readTlsFiles(join(store, 'tls', id, 'docker'), machine, source);
  const tls = files === undefined && verify ? undefined : { ...files, verify };
  return { ...parseEndpoint(host, { source, platform: machine.platform, tls }), origin: 'context', context: name };
}

/** A context of docker's store. */
export interface StoredContext {
  readonly name: string;
  readonly host: string;
  readonly description: string;
}

/** All contexts of docker's store, by name. One that cannot be read is left out. */
export async function listContexts(folder: string, machine: HostEnvironment): Promise<readonly StoredContext[]> {
  const store = pathsOf(machine).join(folder, 'contexts', 'meta');
  const contexts = await Promise.all(
    (await machine.listFolder(store)).map(async (id): Promise<StoredContext[]> => {
      const bytes = await machine.readFile(pathsOf(machine).join(store, id, 'meta.json')).catch(() => undefined);
      const { Name, Metadata, Endpoints } = (bytes && parseJson(contextMeta, decode(bytes))) ?? {};
      if (Name === undefined || Name === '') return [];
      return [{ name: Name, host: Endpoints?.docker?.Host ?? '', description: Metadata?.Description ?? '' }];
    }),
  );
  return contexts.flat().toSorted((one, other) => (one.name < other.name ? -1 : 1));
}

/** Undefined if there is no such file, or nothing in it. */
async function readJson<T>(
  machine: HostEnvironment,
  file: string,
  schema: v.GenericSchema<unknown, T>,
): Promise<T | undefined> {
  const bytes = await machine.readFile(file);
  const text = bytes === undefined ? '' : decode(bytes);
  return text.trim() === '' ? undefined : v.parse(schema, JSON.parse(text));
}

/** Editors and shells of Windows save UTF-8 and UTF-16 with a byte order mark, which `TextDecoder` removes. */
function decode(bytes: Buffer): string {
  const isUtf16 = bytes.byteLength >= 2 && bytes.readUInt16LE(0) === 0xfeff;
  return new TextDecoder(isUtf16 ? 'utf-16le' : 'utf-8').decode(bytes);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
