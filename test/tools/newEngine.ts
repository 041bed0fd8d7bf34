import { existsSync } from 'node:fs';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { dockerClient, serverVersion } from './engine.ts';
import type { Engine } from './engine.ts';
import { needCommand } from './findCommand.ts';
import { cacheFolder } from './projectPaths.ts';
import { provision } from './provision.ts';
import { run } from './run.ts';
import { makeScratch } from './scratch.ts';
import { startService, waitFor } from './service.ts';
import { step } from './step.ts';

export interface NewEngineOptions {
  /** True: docker's containerd image store, which keeps layers as compressed blobs. False: the classic one. */
  readonly containerdStore: boolean;
}

/** A Debian of its own with a newer engine; kept from run to run. */
const root = join(cacheFolder, 'new-engine', 'root');

/** The paths of the engine's data and sockets inside of that Debian. */
const inside = { data: '/var/lib/docker', sockets: '/run/tea-chest' };

/**
 * As `startPrivateEngine`, with the engine of Debian unstable, which is some years newer than that of Debian 12. Its
 * Debian is made on first use (a minute or so, 550 MB in .cache). Linux with apt, root.
 */
export async function startNewEngine({ containerdStore }: NewEngineOptions): Promise<Engine> {
  await makeRoot();
  const unshare = needCommand('unshare', 'util-linux');
  const data = await makeScratch('new-engine-data', cacheFolder);
  const sockets = await makeScratch('new-engine');
  const service = startService(unshare, ['--mount', '--', 'sh', '-euc', mountAndRun(data.path, sockets.path), 'sh'], {
    logFile: join(sockets.path, 'dockerd.log'),
    folders: [data.path, sockets.path],
    env: { CONTAINERD_STORE: String(containerdStore), LC_ALL: 'C' },
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
    return { host, version, isPrivate: true, docker, output: () => service.output(), kill, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/**
 * Everything is mounted in a mount namespace of the engine's own, so that the machine does not see it,
 * and nothing stays mounted however the engine ends.
 */
function mountAndRun(data: string, sockets: string): string {
  const bind = (from: string, to: string): string => `mkdir -p '${root}${to}'; mount --bind '${from}' '${root}${to}'`;
  return [
    'mount --make-rprivate /',
    `mount --bind '${root}' '${root}'`,
    `mount --rbind /sys '${root}/sys'`,
    `mount --rbind /dev '${root}/dev'`,
    `mount -t proc proc '${root}/proc'`,
    // Its own runtime folders: a containerd of another run may have left its sockets there.
    `mount -t tmpfs tmpfs '${root}/run'`,
    bind(data, inside.data),
    bind(sockets, inside.sockets),
    `echo '{}' > '${root}${inside.sockets}/daemon.json'`,
    [
      `exec chroot '${root}' /usr/sbin/dockerd --config-file ${inside.sockets}/daemon.json`,
      `--data-root ${inside.data} --exec-root /run/docker --pidfile ${inside.sockets}/pid`,
      `--host unix://${inside.sockets}/docker.sock --bridge none --iptables=false --ip6tables=false`,
      `--feature containerd-snapshotter="$CONTAINERD_STORE"`,
    ].join(' '),
  ].join('\n');
}

async function makeRoot(): Promise<void> {
  if (existsSync(join(root, 'usr/sbin/dockerd'))) return;
  await provision(['debootstrap']);
  await step(
    'Making a Debian with a newer container engine (550 MB, kept in .cache; a minute or so)',
    async (progress) => {
      const draft = `${root}.${process.pid}`;
      await mkdir(draft, { recursive: true });
      const debootstrap = needCommand('debootstrap', 'debootstrap');
      try {
        await run(debootstrap, ['--variant=minbase', '--include=docker.io', 'sid', draft, await mirror()], {
          env: { LC_ALL: 'C', DEBIAN_FRONTEND: 'noninteractive' },
          onLine: (line) => {
            progress.report(line.replace(/^[IWE]: /, ''));
          },
        });
        await forgetMirror(draft);
        await rm(root, { recursive: true, force: true });
        await rename(draft, root);
      } finally {
        await rm(draft, { recursive: true, force: true });
      }
    },
  );
}

/** The mirror of this machine's Debian packages. */
async function mirror(): Promise<string> {
  const format = ['indextargets', '--format', '$(COMPONENT) $(REPO_URI)', 'Created-By: Packages'];
  const { stdout } = await run(needCommand('apt-get', 'apt'), format);
  const found = stdout
    .split('\n')
    .map((line) => line.split(' '))
    .find(([component, uri = '']) => component === 'main' && /\/debian\/?$/.test(uri));
  if (found?.[1] === undefined) throw new Error('This machine’s apt names no Debian mirror to take an engine from.');
  return found[1];
}

/** Where the packages came from is this machine's business alone. */
async function forgetMirror(folder: string): Promise<void> {
  await writeFile(join(folder, 'etc/apt/sources.list'), '');
  const traces = ['debootstrap', 'var/lib/apt/lists', 'var/cache/apt', 'var/log'];
  await Promise.all(traces.map((trace) => rm(join(folder, trace), { recursive: true, force: true })));
}
