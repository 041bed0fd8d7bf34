import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { dockerClient, serverVersion } from './engine.ts';
import type { Engine } from './engine.ts';
import { needCommand } from './findCommand.ts';
import { onThisMachine, type Within } from './netns.ts';
import { inNewDebian } from './newDebian.ts';
import { cacheFolder } from './projectPaths.ts';
import { run } from './run.ts';
import { makeScratch } from './scratch.ts';
import { startService, waitFor } from './service.ts';

export interface NewEngineOptions {
  /** True: docker's containerd image store, which keeps layers as compressed blobs. False: the classic one. */
  readonly containerdStore: boolean;
  /** Listens at `host:port` as well, for everybody who reaches it. */
  readonly tcp?: string;
  /** Where its data is put: a disk, or a file system in memory, which is faster. By default the disk of the checkout. */
  readonly dataParent?: string | undefined;
  /** The host it runs on; this machine by default. */
  readonly within?: Within;
}

/** Docker of Debian unstable. */
export interface NewEngine extends Engine {
  /** Runs `ctr` against the engine's own containerd, and gives its output. */
  containerd(args: readonly string[]): Promise<string>;
}

/** The paths of the engine's data and sockets inside of the newer Debian. */
const inside = { data: '/var/lib/docker', sockets: '/run/tea-chest' };

/** As `startPrivateEngine`, with the Docker of Debian unstable, which is some years newer than that of Debian 12. */
export async function startNewEngine(options: NewEngineOptions): Promise<NewEngine> {
  const { containerdStore, tcp, dataParent = cacheFolder, within = onThisMachine } = options;
  const data = await makeScratch('new-engine-data', dataParent);
  const sockets = await makeScratch('new-engine');
  await writeFile(join(sockets.path, 'daemon.json'), '{}');
  const inDebian = await inNewDebian(
    [
      { from: data.path, to: inside.data },
      { from: sockets.path, to: inside.sockets },
    ],
    [
      `/usr/sbin/dockerd --config-file ${inside.sockets}/daemon.json`,
      `--data-root ${inside.data} --exec-root /run/docker --pidfile ${inside.sockets}/pid`,
      `--host unix://${inside.sockets}/docker.sock --bridge none --iptables=false --ip6tables=false`,
      ...(tcp === undefined ? [] : [`--host tcp://${tcp}`]),
      `--feature containerd-snapshotter=${String(containerdStore)}`,
    ].join(' '),
  );
  const [command, ...args] = within(inDebian);
  const service = startService(command, args, {
    logFile: join(sockets.path, 'dockerd.log'),
    folders: [data.path, sockets.path],
    env: { LC_ALL: 'C' },
  });
  const stop = async (): Promise<void> => {
    await service.stop();
    await Promise.all([data.remove(), sockets.remove()]);
  };
  const host = `unix://${join(sockets.path, 'docker.sock')}`;
  const kill = (): never => {
    throw new Error('This engine can be stopped, not killed.');
  };
  try {
    const docker = dockerClient(host, join(sockets.path, 'client'), true);
    const version = await waitFor('The newer container engine', service, () => serverVersion(docker));
    const containerd = async (call: readonly string[]): Promise<string> => {
      const pid = readFileSync(join(sockets.path, 'pid'), 'utf8').trim();
      const inMounts = [`--mount=/proc/${pid}/ns/mnt`, `--root=/proc/${pid}/root`, '--', 'ctr'];
      const address = ['--address', '/run/docker/containerd/containerd.sock', '--namespace', 'moby'];
      return (await run(needCommand('nsenter', 'util-linux'), [...inMounts, ...address, ...call])).stdout;
    };
    return { host, version, isPrivate: true, docker, output: () => service.output(), kill, stop, containerd };
  } catch (error) {
    await stop();
    throw error;
  }
}
