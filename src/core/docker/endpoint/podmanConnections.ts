import * as v from 'valibot';
import { lenient, parseJson } from '../../base/json.ts';
import { pathsOf } from './hostPaths.ts';
import type { HostEnvironment } from './hostEnvironment.ts';

/** A connection of `podman system connection`. */
export interface PodmanConnection {
  readonly name: string;
  readonly uri: string;
  /** The file of the private key, for ssh. */
  readonly identity: string | undefined;
}

const text = lenient(v.string());
const destination = v.fallback(v.object({ URI: text, Identity: text }), {});
const connectionsFile = v.fallback(
  v.object({ Connection: lenient(v.object({ Connections: lenient(v.record(v.string(), destination)) })) }),
  {},
);

/** Those of podman 5 (`podman-connections.json`), then those of podman 4 (`containers.conf`) that it does not replace. */
export async function podmanConnections(machine: HostEnvironment): Promise<readonly PodmanConnection[]> {
  const folder = configFolder(machine);
  const read = async (name: string): Promise<string> =>
    (await machine.readFile(pathsOf(machine).join(folder, name)).catch(() => undefined))?.toString('utf8') ?? '';
  const [json, toml] = await Promise.all([read('podman-connections.json'), read('containers.conf')]);
  const all = [...fromJson(json), ...fromToml(toml)];
  return [...new Map(all.toReversed().map((connection) => [connection.name, connection])).values()].toSorted(
    (one, other) => (one.name < other.name ? -1 : 1),
  );
}

/** containers/common, pkg/config: `$XDG_CONFIG_HOME/containers`; on Windows `%APPDATA%\containers`. */
function configFolder(machine: HostEnvironment): string {
  const paths = pathsOf(machine);
  const isWindows = machine.platform === 'win32';
  const given = machine.env[isWindows ? 'APPDATA' : 'XDG_CONFIG_HOME'];
  const base = given === undefined || given === '' ? paths.join(machine.home, '.config') : given;
  return paths.join(base, 'containers');
}

function fromJson(json: string): PodmanConnection[] {
  const connections = parseJson(connectionsFile, json)?.Connection?.Connections ?? {};
  return Object.entries(connections).flatMap(([name, { URI, Identity }]) => connection(name, URI, Identity));
}

/** The tables `[engine.service_destinations.NAME]`, as podman 4 writes them. No other part of the file concerns us. */
function fromToml(toml: string): PodmanConnection[] {
  return toml.split(/^\s*\[/m).flatMap((table) => {
    const name = /^engine\.service_destinations\.(?:"([^"]+)"|([\w-]+))\]/.exec(table);
    const value = (key: string): string | undefined =>
      new RegExp(String.raw`^\s*${key}\s*=\s*"([^"]*)"`, 'm').exec(table)?.[1];
    return name === null ? [] : connection(name[1] ?? name[2] ?? '', value('uri'), value('identity'));
  });
}

function connection(name: string, uri: string | undefined, identity: string | undefined): PodmanConnection[] {
  if (uri === undefined || uri === '') return [];
  return [{ name, uri, identity: identity === '' ? undefined : identity }];
}
