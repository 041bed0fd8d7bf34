import type { EngineSituation } from '../types.ts';
import { pathsOf } from './hostPaths.ts';
import type { HostEnvironment } from './hostEnvironment.ts';

/**
 * Sockets at which an engine listens when nothing is configured. In a path, `~` is the home folder, `<uid>` the user's ID,
 * `$NAME` an environment variable (no path if it is not set), and `*` any one name.
 */
interface KnownSocket {
  readonly product: string;
  readonly on: readonly NodeJS.Platform[];
  readonly paths: readonly string[];
  /** `vm`: the engine runs in a virtual machine. `rootless`: in a network namespace of its own. */
  readonly situation?: EngineSituation;
  /** Where the path is documented. */
  readonly source: string;
}

const unix = ['linux', 'darwin', 'freebsd'] as const;

/** In the order in which they are tried: an engine of the whole machine first, podman last, as it may be there beside docker. */
const knownSockets: readonly KnownSocket[] = [
  {
    product: 'Docker',
    on: unix,
    paths: ['/var/run/docker.sock'],
    source: 'docs.docker.com/reference/cli/dockerd, --host; docker’s snap listens here too',
  },
  {
    product: 'Docker Desktop',
    on: ['darwin', 'linux'],
    paths: ['~/.docker/run/docker.sock', '~/.docker/desktop/docker.sock'],
    situation: 'vm',
    source: 'docs.docker.com/desktop, FAQs for Mac and for Linux',
  },
  {
    product: 'rootless Docker',
    on: ['linux'],
    // VS Code’s snap has an XDG_RUNTIME_DIR of its own, and remote sessions often have none: so both.
    paths: ['$XDG_RUNTIME_DIR/docker.sock', '/run/user/<uid>/docker.sock'],
    situation: 'rootless',
    source: 'docs.docker.com/engine/security/rootless',
  },
  {
    product: 'Colima',
    on: ['darwin', 'linux'],
    paths: [
      '$COLIMA_HOME/default/docker.sock',
      '~/.colima/default/docker.sock',
      '$XDG_CONFIG_HOME/colima/default/docker.sock',
      '~/.config/colima/default/docker.sock',
      '$COLIMA_HOME/*/docker.sock',
      '~/.colima/*/docker.sock',
      '$XDG_CONFIG_HOME/colima/*/docker.sock',
      '~/.config/colima/*/docker.sock',
    ],
    situation: 'vm',
    source: 'abiosoft/colima, docs/FAQ.md; config/files.go for the folders',
  },
  {
    product: 'Rancher Desktop',
    on: ['darwin', 'linux'],
    paths: ['~/.rd/docker.sock'],
    situation: 'vm',
    source: 'docs.rancherdesktop.io, FAQ',
  },
  {
    product: 'OrbStack',
    on: ['darwin'],
    paths: ['~/.orbstack/run/docker.sock'],
    situation: 'vm',
    source: 'docs.orbstack.dev/docker',
  },
  {
    product: 'Lima',
    on: ['darwin', 'linux'],
    paths: ['$LIMA_HOME/*/sock/docker.sock', '~/.lima/*/sock/docker.sock'],
    situation: 'vm',
    source: 'lima-vm/lima, templates/docker.yaml, portForwards',
  },
  {
    product: 'Docker Desktop',
    on: ['linux'],
    paths: [
      '/mnt/wsl/docker-desktop/shared-sockets/guest-services/docker.proxy.sock',
      '/mnt/wsl/docker-desktop/shared-sockets/guest-services/docker.sock',
    ],
    situation: 'vm',
    source: 'WSL: Docker Desktop’s mount in every distribution, also in those without its integration',
  },
  {
    product: 'Rancher Desktop',
    on: ['linux'],
    paths: ['/mnt/wsl/rancher-desktop/run/docker.sock'],
    situation: 'vm',
    source: 'WSL: rancher-sandbox/rancher-desktop, dockerproxy, DefaultProxyEndpoint',
  },
  {
    product: 'rootless Podman',
    on: ['linux', 'freebsd'],
    paths: ['$XDG_RUNTIME_DIR/podman/podman.sock', '/run/user/<uid>/podman/podman.sock'],
    situation: 'rootless',
    source: 'docs.podman.io, podman-system-service(1)',
  },
  {
    product: 'Podman',
    on: ['linux', 'freebsd'],
    paths: ['/run/podman/podman.sock', '/var/run/podman/podman.sock'],
    source: 'docs.podman.io, podman-system-service(1)',
  },
  {
    product: 'Podman machine',
    on: ['linux'],
    paths: ['/mnt/wsl/podman-sockets/*/podman-root.sock', '/mnt/wsl/podman-sockets/*/podman-user.sock'],
    situation: 'vm',
    source: 'WSL: podman-desktop.io/docs, accessing Podman from another WSL instance',
  },
  {
    product: 'Podman machine',
    on: ['darwin'],
    paths: [
      '$TMPDIR/podman/podman-machine-default-api.sock',
      '$TMPDIR/podman/*-api.sock',
      '~/.local/share/containers/podman/machine/podman.sock',
      '~/.local/share/containers/podman/machine/*/podman.sock',
    ],
    situation: 'vm',
    source: 'podman machine inspect, ConnectionInfo.PodmanSocket: podman 5 in $TMPDIR, podman 4 in the home folder',
  },
  {
    product: 'Lima',
    on: ['darwin', 'linux'],
    paths: ['$LIMA_HOME/*/sock/podman.sock', '~/.lima/*/sock/podman.sock'],
    situation: 'vm',
    source: 'lima-vm/lima, templates/podman.yaml, portForwards',
  },
  {
    product: 'Docker',
    on: ['win32'],
    paths: ['//./pipe/docker_engine'],
    source: 'docs.docker.com/reference/cli/dockerd; Docker Desktop and Rancher Desktop listen here too',
  },
  {
    product: 'Docker Desktop',
    on: ['win32'],
    paths: ['//./pipe/dockerDesktopLinuxEngine'],
    situation: 'vm',
    source: 'docker context ls, on Windows: desktop-linux',
  },
  {
    product: 'Podman machine',
    on: ['win32'],
    paths: ['//./pipe/podman-machine-default'],
    situation: 'vm',
    source: 'podman machine start, on Windows',
  },
];

/** A path of the table on a given machine. */
export interface SocketCandidate {
  readonly path: string;
  readonly product: string;
  readonly situation: EngineSituation | undefined;
}

/** All paths of the table for this machine, each once. A path with `*` appears only for folders that exist. */
export async function socketCandidates(machine: HostEnvironment): Promise<readonly SocketCandidate[]> {
  const rows = knownSockets.filter(({ on }) => on.includes(machine.platform));
  const found = await Promise.all(
    rows.flatMap(({ product, situation, paths }) =>
      paths.map(async (pattern) =>
        (await expand(pattern, machine)).map((path): SocketCandidate => ({ path, product, situation })),
      ),
    ),
  );
  const byPath = new Map<string, SocketCandidate>();
  for (const candidate of found.flat()) if (!byPath.has(candidate.path)) byPath.set(candidate.path, candidate);
  return [...byPath.values()];
}

/** What the table says of a socket, however its address was found. Undefined if it is not in the table. */
export async function candidateAt(path: string, machine: HostEnvironment): Promise<SocketCandidate | undefined> {
  const candidates = await socketCandidates(machine);
  // /var/run/docker.sock may be a link to the socket of a virtual machine.
  const real = await machine.realPath(path);
  const linked = candidates.find((candidate) => candidate.path === real);
  return linked ?? candidates.find((candidate) => candidate.path === path);
}

async function expand(pattern: string, machine: HostEnvironment): Promise<readonly string[]> {
  const base = pattern.replace('<uid>', String(machine.uid));
  const [, start = '', rest = ''] = /^(~|\$\w+|)(.*)$/.exec(base) ?? [];
  const folder = start === '~' ? machine.home : start === '' ? '' : machine.env[start.slice(1)];
  if (folder === undefined || (start !== '' && folder === '')) return [];
  if (pattern.includes('<uid>') && machine.uid === undefined) return [];
  if (machine.platform === 'win32') return [`${folder}${rest}`];
  const [before = '', after] = rest.split('*');
  if (after === undefined) return [pathsOf(machine).join(folder, rest)];
  return expandStar(pathsOf(machine).join(folder === '' ? '/' : folder, before), after, machine);
}

/** `parent` ends with `/` where a whole name is replaced: `~/.lima/` and `/sock/docker.sock`. */
async function expandStar(parent: string, after: string, machine: HostEnvironment): Promise<readonly string[]> {
  const names = (await machine.listFolder(parent)).toSorted();
  const [end = '', ...below] = after.split('/');
  return names.filter((name) => name.endsWith(end)).map((name) => pathsOf(machine).join(parent, name, ...below));
}
