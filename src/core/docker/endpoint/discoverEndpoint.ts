import * as l10n from '@vscode/l10n';
import { TeaChestError } from '../../base/errors.ts';
import { builtInContext, chosenContext, contextEndpoint, type UnreadConfig } from './dockerContext.ts';
import { dockerConfigFolder } from './dockerConfigFolder.ts';
import { candidateAt, socketCandidates, type SocketCandidate } from './knownSockets.ts';
import { endpointInvalid, parseEndpoint } from './parseEndpoint.ts';
import { podmanConnections } from './podmanConnections.ts';
import { readTlsFiles } from './tlsFiles.ts';
import { thisHost, type HostEnvironment, type SocketState } from './hostEnvironment.ts';
import type { EngineEndpoint, EngineTls } from '../types.ts';

/** The settings by which a person chooses an engine. An empty one is not set. */
export interface EngineChoice {
  readonly host?: string | undefined;
  /** The name of a docker context. */
  readonly context?: string | undefined;
}

/**
 * Finds the engine as docker's command line does, and then as podman's does: the settings, DOCKER_HOST, DOCKER_CONTEXT, the
 * current context, CONTAINER_HOST, the well-known sockets. A configured address that does not work is an error, never a reason
 * to use another engine. Rejects with `engineEndpointInvalid` (facts: source, context, isMissing), or with `engineNotFound`
 * (facts: searched) if nothing is configured and no socket is there.
 */
export async function discoverEndpoint(
  choice: EngineChoice,
  machine: HostEnvironment = thisHost(),
): Promise<EngineEndpoint> {
  const endpoint = await configuredEndpoint(choice, machine);
  if (endpoint.address.kind !== 'socket') return endpoint;
  const known = await candidateAt(endpoint.address.path, machine);
  if (known === undefined) return endpoint;
  return { ...endpoint, product: known.product, ...(known.situation && { situation: known.situation }) };
}

async function configuredEndpoint(choice: EngineChoice, machine: HostEnvironment): Promise<EngineEndpoint> {
  const host = choice.host?.trim() ?? '';
  if (host !== '') {
    const source = l10n.t({
      message: 'the setting teaChest.engine.host',
      comment:
        'Where the address of the container engine is configured; stands in brackets after it, and in “The engine’s address from {0} cannot be used”.',
    });
    return { ...(await fromUrl(host, source, machine)), origin: 'setting' };
  }
  const context = choice.context?.trim() ?? '';
  const dockerHost = machine.env['DOCKER_HOST']?.trim() ?? '';
  if (dockerHost !== '' && (context === '' || context === builtInContext)) {
    return { ...(await fromUrl(dockerHost, 'DOCKER_HOST', machine)), origin: 'environment' };
  }
  const folder = await dockerConfigFolder(machine);
  const { name, unread } = context === '' ? await chosenContext(folder, machine) : { name: context };
  const isStored = name !== undefined && name !== builtInContext;
  const stored = isStored ? await contextEndpoint(name, folder, machine) : undefined;
  const endpoint = stored ?? (name === undefined ? await containerHost(machine) : undefined);
  const found = endpoint ?? (await knownSocket(machine));
  return unread === undefined ? found : { ...found, source: sourceWithout(unread, found.source) };
}

/** Says that docker's configuration was not read. */
function sourceWithout({ file, message }: UnreadConfig, source: string): string {
  return l10n.t({
    message: '{0}, as {1} cannot be read ({2})',
    args: [source, file, message],
    comment: '{0}: where the address of the container engine is configured, such as “default socket”. {1}: a file.',
  });
}

/** Podman's DOCKER_HOST. podman(1) reads the key of an ssh address from CONTAINER_SSHKEY. */
async function containerHost(machine: HostEnvironment): Promise<EngineEndpoint | undefined> {
  const url = machine.env['CONTAINER_HOST']?.trim() ?? '';
  if (url === '') return undefined;
  const endpoint = await fromUrl(url, 'CONTAINER_HOST', machine, machine.env['CONTAINER_SSHKEY']);
  return { ...endpoint, origin: 'environment' };
}

async function fromUrl(url: string, source: string, machine: HostEnvironment, key?: string): Promise<EngineEndpoint> {
  const options = { source, platform: machine.platform, tls: undefined };
  const endpoint = parseEndpoint(url, options);
  switch (endpoint.address.kind) {
    case 'socket':
      return endpoint;
    case 'ssh':
      return parseEndpoint(url, { ...options, identity: key ?? (await keyOfPodman(url, machine)) });
    case 'tcp':
      return parseEndpoint(url, { ...options, tls: await tlsOfEnvironment(source, machine) });
  }
}

/** An address that is one of podman's connections is reached with the key of that connection, as podman does it. */
async function keyOfPodman(url: string, machine: HostEnvironment): Promise<string | undefined> {
  return (await podmanConnections(machine)).find(({ uri }) => uri === url)?.identity;
}

/** As for docker's command line, DOCKER_TLS_VERIFY and DOCKER_TLS switch TLS on, and DOCKER_CERT_PATH alone does not. */
async function tlsOfEnvironment(source: string, machine: HostEnvironment): Promise<EngineTls | undefined> {
  const isSet = (name: string): boolean => (machine.env[name] ?? '') !== '';
  const verify = isSet('DOCKER_TLS_VERIFY');
  if (!verify && !isSet('DOCKER_TLS')) return undefined;
  const certPath = machine.env['DOCKER_CERT_PATH'];
  const folder = certPath === undefined || certPath === '' ? await dockerConfigFolder(machine) : certPath;
  const files = await readTlsFiles(folder, machine, source);
  if (verify && files?.ca === undefined) {
    throw endpointInvalid(source, l10n.t`DOCKER_TLS_VERIFY is set, and there is no ca.pem in ${folder}`);
  }
  return { ...files, verify };
}

/** The first socket with an engine; else one that is denied or dead, so that the error can say why. */
async function knownSocket(machine: HostEnvironment): Promise<EngineEndpoint> {
  const candidates = await socketCandidates(machine);
  const first = new Map<SocketState, SocketCandidate>();
  for (const candidate of candidates) {
    const state = await machine.probe(candidate.path);
    if (!first.has(state)) first.set(state, candidate);
    if (state === 'usable') break;
  }
  const found = first.get('usable') ?? first.get('denied') ?? first.get('dead');
  if (found !== undefined) {
    return {
      address: { kind: 'socket', path: found.path },
      source: l10n.t({
        message: 'default socket',
        comment:
          'Where the address of the container engine is configured; stands in brackets after it, and in “The engine’s address from {0} cannot be used”.',
      }),
      url: socketUrl(found.path, machine),
    };
  }
  const searched = candidates.map(({ path }) => path);
  throw new TeaChestError(
    'engineNotFound',
    l10n.t`No container engine was found: none listens at ${searched.join(', ')}.`,
    {
      stage: 'engine',
      facts: { searched },
    },
  );
}

/** The address of a local socket, as DOCKER_HOST has it. */
export function socketUrl(path: string, { platform }: Pick<HostEnvironment, 'platform'>): string {
  return `${platform === 'win32' ? 'npipe' : 'unix'}://${path}`;
}
