import { chown, chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { dockerClient, serverVersion } from './engine.ts';
import type { Engine } from './engine.ts';
import { needCommand } from './findCommand.ts';
import { cacheFolder } from './projectPaths.ts';
import { run } from './run.ts';
import { makeScratch } from './scratch.ts';
import { startService, waitFor } from './service.ts';

/** A user whom this machine does not have, with subordinate IDs (subuid(5)). */
const user = { name: 'tea-chest-test', id: 4711, firstSubordinate: 1_000_000 } as const;

/** Debian's docker.io has the script of docker's own packages here. */
const dockerScript = '/usr/share/docker.io/contrib/dockerd-rootless.sh';

export interface RootlessOptions {
  /** Where its data is put: by default the disk of the checkout. */
  readonly dataParent?: string | undefined;
}

/**
 * The docker or podman of Debian 12, started by a plain user as docker's and podman's documentation say: in a user
 * namespace, docker in a network namespace behind slirp4netns as well. The user exists in a mount namespace of the
 * engine's own, and so do a tun device that anybody may open, and the folders. Linux, root.
 */
export async function startRootless(
  kind: 'docker' | 'podman',
  { dataParent = cacheFolder }: RootlessOptions = {},
): Promise<Engine> {
  const data = await makeScratch('rootless-data', dataParent);
  const scratch = await makeScratch('rootless');
  const at = (name: string): string => join(scratch.path, name);
  const runtime = at('run');
  await chmod(scratch.path, 0o755);
  for (const folder of [at('home'), runtime, data.path]) {
    await mkdir(folder, { recursive: true });
    await chown(folder, user.id, user.id);
  }
  await writeAccounts(at);
  const socket = join(runtime, `${kind}.sock`);
  const script = [
    'mount --make-rprivate /',
    ...accounts.map((name) => `mount --bind '${at(name)}' /etc/${name}`),
    `mount --bind '${data.path}' '${at('home')}'`,
    // podman keeps its locks there.
    'mount -t tmpfs tmpfs /dev/shm',
    // Elsewhere udev lets everybody open it.
    'mkdir -p /dev/net; mount -t tmpfs -o mode=755 tmpfs /dev/net; mknod -m 666 /dev/net/tun c 10 200',
    'exec "$0" "$@"',
  ].join('\n');
  const asUser = [
    ...[needCommand('setpriv', 'util-linux'), `--reuid=${user.id}`, `--regid=${user.id}`, '--clear-groups'],
    ...['env', '-i', `HOME=${at('home')}`, `XDG_RUNTIME_DIR=${runtime}`, `USER=${user.name}`],
    ...['PATH=/usr/sbin:/usr/bin:/sbin:/bin', ...programs[kind](socket)],
  ];
  const service = startService(
    needCommand('unshare', 'util-linux'),
    ['--mount', '--', 'sh', '-euc', script, ...asUser],
    {
      logFile: at('log'),
      folders: [data.path, scratch.path],
    },
  );
  const stop = async (): Promise<void> => {
    await service.stop();
    await Promise.all([data.remove(), scratch.remove()]);
  };
  const host = `unix://${socket}`;
  const kill = (): never => {
    throw new Error('This engine can be stopped, not killed.');
  };
  try {
    const docker = dockerClient(host, at('client'), true);
    const version = await waitFor(`Rootless ${kind}`, service, () => serverVersion(docker));
    return { host, version, isPrivate: true, docker, output: () => service.output(), kill, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

const programs = {
  docker: (socket: string) => [dockerScript, '--host', `unix://${socket}`, '--bridge', 'none', '--iptables=false'],
  podman: (socket: string) => [needCommand('podman', 'podman'), 'system', 'service', '--time', '0', `unix://${socket}`],
} as const;

const accounts = ['passwd', 'group', 'subuid', 'subgid'] as const;

/** This machine's accounts and the user. */
async function writeAccounts(at: (name: string) => string): Promise<void> {
  const { name, id, firstSubordinate } = user;
  const lines = {
    passwd: `${name}:x:${id}:${id}::${at('home')}:/bin/sh`,
    group: `${name}:x:${id}:`,
    subuid: `${name}:${firstSubordinate}:65536`,
    subgid: `${name}:${firstSubordinate}:65536`,
  };
  for (const file of accounts) {
    const own = await readFile(`/etc/${file}`, 'utf8');
    await writeFile(at(file), `${own.trimEnd()}\n${lines[file]}\n`);
  }
}

/** Why this machine lets no plain user have a user namespace, in its own words; undefined if it does. */
export async function rootlessObstacle(): Promise<string | undefined> {
  const asUser = [
    `--reuid=${user.id}`,
    `--regid=${user.id}`,
    '--clear-groups',
    'unshare',
    '--user',
    '--map-root-user',
    'true',
  ];
  const { code, stderr } = await run(needCommand('setpriv', 'util-linux'), asUser, { mayFail: true });
  return code === 0 ? undefined : `The kernel gives a plain user no user namespace: ${stderr.trim()}.`;
}
