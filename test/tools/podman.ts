import { once } from 'node:events';
import { request, type IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';

import { dockerClient, serverVersion } from './engine.ts';
import type { Engine } from './engine.ts';
import { needCommand } from './findCommand.ts';
import { inNewDebian } from './newDebian.ts';
import { cacheFolder } from './projectPaths.ts';
import { makeScratch } from './scratch.ts';
import { startService, waitFor } from './service.ts';

/** The paths inside of the newer Debian. */
const inside = { data: '/var/lib/tea-chest', sockets: '/run/tea-chest' };

export interface PodmanOptions {
  /** Where its data is put: by default the disk of the checkout. */
  readonly dataParent?: string | undefined;
}

/**
 * A podman service that shares nothing with the machine's own: `4` is that of Debian 12, `5` that of Debian unstable. It is
 * used by docker's client. Linux, root.
 */
export async function startPodman(release: 4 | 5, { dataParent = cacheFolder }: PodmanOptions = {}): Promise<Engine> {
  const data = await makeScratch('podman-data', dataParent);
  const sockets = await makeScratch('podman');
  const start = release === 4 ? ownPodman : newPodman;
  const [command, ...args] = await start(data.path, sockets.path);
  const service = startService(command, args, {
    logFile: join(sockets.path, 'podman.log'),
    folders: [data.path, sockets.path],
    env: { LC_ALL: 'C' },
  });
  const stop = async (): Promise<void> => {
    await service.stop();
    await Promise.all([data.remove(), sockets.remove()]);
  };
  const host = `unix://${join(sockets.path, 'podman.sock')}`;
  const kill = (): never => {
    throw new Error('This engine can be stopped, not killed.');
  };
  try {
    const docker = dockerClient(host, join(sockets.path, 'client'), true);
    const version = await waitFor('podman', service, () => serverVersion(docker));
    return { host, version, isPrivate: true, docker, output: () => service.output(), kill, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/**
 * podman mounts its storage onto itself, and keeps its locks in /dev/shm: in a mount namespace that ends with it. The data
 * is bound elsewhere first, since it may be in /dev/shm.
 */
function ownPodman(data: string, sockets: string): [string, ...string[]] {
  const bound = `${sockets}/data`;
  const script = [
    'mount --make-rprivate /',
    `mkdir '${bound}'; mount --bind '${data}' '${bound}'`,
    'mount -t tmpfs tmpfs /run; mount -t tmpfs tmpfs /dev/shm',
    'exec "$0" "$@"',
  ].join('\n');
  const unshare = needCommand('unshare', 'util-linux');
  const podman = [needCommand('podman', 'podman'), ...serviceArguments(bound, sockets)];
  return [unshare, '--mount', '--', 'sh', '-euc', script, ...podman];
}

function newPodman(data: string, sockets: string): Promise<[string, ...string[]]> {
  const binds = [
    { from: data, to: inside.data },
    { from: sockets, to: inside.sockets },
  ];
  return inNewDebian(binds, ['/usr/bin/podman', ...serviceArguments(inside.data, inside.sockets)].join(' '));
}

const serviceArguments = (data: string, sockets: string): string[] => [
  ...['--root', `${data}/images`, '--runroot', '/run/tea-chest-podman', '--tmpdir', '/run/tea-chest-podman-tmp'],
  ...['system', 'service', '--time', '0', `unix://${sockets}/podman.sock`],
];

/** A call of podman's own API (docs.podman.io, libpod), for what docker's has not. Rejects with podman's error. */
export async function callPodman(
  engine: Pick<Engine, 'host'>,
  path: string,
  query: readonly (readonly [string, string])[],
): Promise<string> {
  const call = request({
    socketPath: engine.host.replace('unix://', ''),
    method: 'POST',
    path: `/v4.0.0/libpod/${path}?${new URLSearchParams(query.map(([name, value]): [string, string] => [name, value])).toString()}`,
  });
  call.end();
  const [response] = (await once(call, 'response')) as [IncomingMessage];
  const body = await text(response);
  if ((response.statusCode ?? 500) >= 300)
    throw new Error(`podman answered ${response.statusCode} to ${path}: ${body}`);
  return body;
}
