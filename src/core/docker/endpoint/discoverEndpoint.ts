import { TeaChestError } from '../../base/errors.ts';
import { chosenContext, contextEndpoint, dockerConfigFolder, pathsOf, readTlsFiles } from './dockerContext.ts';
import { endpointInvalid, parseEndpoint } from './parseEndpoint.ts';
import { thisHost, type HostEnvironment, type SocketState } from './hostEnvironment.ts';
import type { EngineEndpoint, EngineTls } from '../types.ts';

/**
 * Finds the engine as docker's command line does: the setting, DOCKER_HOST, DOCKER_CONTEXT, the current context, the
 * default sockets. A configured address that does not work is an error, never a reason to use another engine. Rejects with
 * `engineEndpointInvalid`, or with `engineNotFound` (facts: searched) if nothing is configured and no socket is there.
 */
export async function discoverEndpoint(
  setting: string | undefined,
  machine: HostEnvironment = thisHost(),
): Promise<EngineEndpoint> {
  if (setting !== undefined && setting.trim() !== '') {
    return fromUrl(setting, 'the setting teaChest.engine.host', machine);
  }
  const dockerHost = machine.env['DOCKER_HOST'];
  if (dockerHost !== undefined && dockerHost.trim() !== '') return fromUrl(dockerHost, 'DOCKER_HOST', machine);
  const { name, unread } = await chosenContext(machine);
  const chosen = name === undefined ? undefined : await contextEndpoint(name, machine);
  const endpoint = chosen ?? (await defaultEndpoint(machine));
  return unread === undefined ? endpoint : { ...endpoint, source: `${endpoint.source}, as ${unread}` };
}

async function fromUrl(url: string, source: string, machine: HostEnvironment): Promise<EngineEndpoint> {
  const { platform } = machine;
  const endpoint = parseEndpoint(url, { source, platform, tls: undefined });
  if (endpoint.address.kind !== 'tcp') return endpoint;
  return parseEndpoint(url, { source, platform, tls: await tlsOfEnvironment(source, machine) });
}

/** As for docker's command line, DOCKER_TLS_VERIFY and DOCKER_TLS switch TLS on, and DOCKER_CERT_PATH alone does not. */
async function tlsOfEnvironment(source: string, machine: HostEnvironment): Promise<EngineTls | undefined> {
  const isSet = (name: string): boolean => (machine.env[name] ?? '') !== '';
  const verify = isSet('DOCKER_TLS_VERIFY');
  if (!verify && !isSet('DOCKER_TLS')) return undefined;
  const certPath = machine.env['DOCKER_CERT_PATH'];
  const folder = certPath === undefined || certPath === '' ? dockerConfigFolder(machine) : certPath;
  const files = await readTlsFiles(folder, machine, source);
  if (verify && files?.ca === undefined) {
    throw endpointInvalid(source, `DOCKER_TLS_VERIFY is set, and there is no ca.pem in ${folder}`);
  }
  return { ...files, verify };
}

/** The first socket with an engine; else one that is denied or dead, so that the error can say why. */
async function defaultEndpoint(machine: HostEnvironment): Promise<EngineEndpoint> {
  const sockets = machine.platform === 'win32' ? defaultPipes : defaultSockets(machine);
  const first = new Map<SocketState, string>();
  for (const socket of sockets) {
    const state = await machine.probe(socket);
    if (!first.has(state)) first.set(state, socket);
    if (state === 'usable') break;
  }
  const path = first.get('usable') ?? first.get('denied') ?? first.get('dead');
  if (path === undefined) {
    throw new TeaChestError('engineNotFound', `No container engine was found: none listens at ${sockets.join(', ')}.`, {
      stage: 'engine',
      facts: { searched: sockets },
    });
  }
  const scheme = machine.platform === 'win32' ? 'npipe' : 'unix';
  return { address: { kind: 'socket', path }, source: 'default socket', url: `${scheme}://${path}` };
}

const defaultPipes: readonly string[] = [
  '//./pipe/docker_engine',
  '//./pipe/dockerDesktopLinuxEngine',
  '//./pipe/podman-machine-default',
];

function defaultSockets(machine: HostEnvironment): string[] {
  const join = (...parts: string[]): string => pathsOf(machine).join(...parts);
  const home = (...parts: string[]): string => join(machine.home, ...parts);
  // Remote sessions often lack XDG_RUNTIME_DIR; this is systemd's value for it.
  const runtime =
    machine.env['XDG_RUNTIME_DIR'] ?? (machine.uid === undefined ? undefined : `/run/user/${machine.uid}`);
  const inRuntime = (...parts: string[]): string[] => (runtime === undefined ? [] : [join(runtime, ...parts)]);
  return [
    '/var/run/docker.sock',
    home('.docker', 'run', 'docker.sock'),
    home('.docker', 'desktop', 'docker.sock'),
    ...inRuntime('docker.sock'),
    home('.colima', 'default', 'docker.sock'),
    home('.rd', 'docker.sock'),
    home('.orbstack', 'run', 'docker.sock'),
    ...inRuntime('podman', 'podman.sock'),
    '/run/podman/podman.sock',
    home('.local', 'share', 'containers', 'podman', 'machine', 'podman.sock'),
  ];
}
