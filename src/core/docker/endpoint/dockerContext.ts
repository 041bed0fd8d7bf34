import { createHash } from 'node:crypto';
import path from 'node:path';
import * as v from 'valibot';
import { lenient } from '../../base/json.ts';
import { endpointInvalid, parseEndpoint } from './parseEndpoint.ts';
import type { HostEnvironment } from './hostEnvironment.ts';
import type { EngineEndpoint, EngineTls } from '../types.ts';

/** `config.json` and a context's `meta.json` (docker/cli): a member of another type counts as missing. */
const dockerConfig = v.fallback(v.object({ currentContext: lenient(v.string()) }), {});
const dockerEndpoint = v.object({ Host: lenient(v.string()), SkipTLSVerify: lenient(v.boolean()) });
const contextMeta = v.fallback(v.object({ Endpoints: lenient(v.object({ docker: lenient(dockerEndpoint) })) }), {});

/** The configuration folder of docker's command line: `$DOCKER_CONFIG` or `~/.docker`. */
export function dockerConfigFolder(machine: HostEnvironment): string {
  const given = machine.env['DOCKER_CONFIG'];
  return given === undefined || given === '' ? pathsOf(machine).join(machine.home, '.docker') : given;
}

/** Joins paths by the rules of that machine. */
export function pathsOf(machine: HostEnvironment): path.PlatformPath {
  return machine.platform === 'win32' ? path.win32 : path.posix;
}

export interface ContextChoice {
  /** Undefined for docker's built-in `default`. */
  readonly name: string | undefined;
  /** Why docker's configuration could not be read, as the end of “as …”. */
  readonly unread?: string;
}

/** The context that DOCKER_CONTEXT or else config.json names. */
export async function chosenContext(machine: HostEnvironment): Promise<ContextChoice> {
  const fromEnv = machine.env['DOCKER_CONTEXT'];
  const choice = fromEnv === undefined || fromEnv === '' ? await contextOfConfig(machine) : { name: fromEnv };
  return choice.name === 'default' || choice.name === '' ? { ...choice, name: undefined } : choice;
}

/**
 * A configuration that cannot be read names no context: docker's command line also warns and goes on (docker/cli,
 * cli/config `LoadDefaultConfigFile`). An empty file, which a crash may leave, has no settings.
 */
async function contextOfConfig(machine: HostEnvironment): Promise<ContextChoice> {
  const file = pathsOf(machine).join(dockerConfigFolder(machine), 'config.json');
  try {
    return { name: (await readJson(machine, file, dockerConfig))?.currentContext };
  } catch (error) {
    return { name: undefined, unread: `${file} cannot be read (${messageOf(error)})` };
  }
}

/**
 * The endpoint of a context in docker's store: `contexts/meta/<sha256 of the name>/meta.json`, with TLS files under
 * `contexts/tls` (docker/cli, cli/context/store). Undefined if the context has no address: docker uses its default then.
 */
export async function contextEndpoint(name: string, machine: HostEnvironment): Promise<EngineEndpoint | undefined> {
  const join = (...parts: string[]): string => pathsOf(machine).join(...parts);
  const source = `the docker context “${name}”`;
  const id = createHash('sha256').update(name).digest('hex');
  const store = join(dockerConfigFolder(machine), 'contexts');
  const file = join(store, 'meta', id, 'meta.json');
  const meta = await readJson(machine, file, contextMeta).catch((error: unknown) => {
    throw endpointInvalid(source, `${file} cannot be read (${messageOf(error)})`, error);
  });
  if (meta === undefined) {
    throw endpointInvalid(
      source,
      `docker has no context of that name in ${store}; “docker context ls” lists those it has, and “docker context use” chooses one`,
    );
  }
  const docker = meta.Endpoints?.docker;
  if (docker === undefined) throw endpointInvalid(source, 'it has no docker endpoint');
  const { Host: host, SkipTLSVerify } = docker;
  if (host === undefined || host === '') return undefined;
  const verify = SkipTLSVerify !== true;
  const files = await readTlsFiles(join(store, 'tls', id, 'docker'), machine, source);
  const tls = files === undefined && verify ? undefined : { ...files, verify };
  return parseEndpoint(host, { source, platform: machine.platform, tls });
}

/** `ca.pem`, `cert.pem` and `key.pem` of a folder, those that exist; undefined if none does. */
export async function readTlsFiles(
  folder: string,
  machine: HostEnvironment,
  source: string,
): Promise<Omit<EngineTls, 'verify'> | undefined> {
  const read = async (name: string): Promise<Buffer | undefined> => {
    const file = pathsOf(machine).join(folder, name);
    try {
      return await machine.readFile(file);
    } catch (error) {
      throw endpointInvalid(source, `${file} cannot be read (${messageOf(error)})`, error);
    }
  };
  const [ca, cert, key] = await Promise.all([read('ca.pem'), read('cert.pem'), read('key.pem')]);
  if ((cert === undefined) !== (key === undefined)) {
    throw endpointInvalid(source, `of cert.pem and key.pem, ${folder} has only one`);
  }
  if (ca === undefined && cert === undefined) return undefined;
  return { ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }) };
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
