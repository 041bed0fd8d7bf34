import { existsSync } from 'node:fs';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { needCommand } from './findCommand.ts';
import { cacheFolder } from './projectPaths.ts';
import { provision } from './provision.ts';
import { run } from './run.ts';
import { step } from './step.ts';

/** A Debian unstable in a folder: its engines are some years newer than those of Debian 12. Kept from run to run. */
const root = join(cacheFolder, 'new-engine', 'sid');

const packages = ['docker.io', 'podman'];

/** A folder of this machine, and the path at which programs of the other Debian see it. */
export interface Bind {
  readonly from: string;
  readonly to: string;
}

/**
 * Runs `command` in the other Debian, which is made on first use (a minute, 700 MB in .cache). It is a shell command line.
 * Everything is mounted in a mount namespace of its own, so that the machine does not see it, and nothing stays mounted
 * however the command ends. Linux with apt, root. Gives the command to start.
 */
export async function inNewDebian(binds: readonly Bind[], command: string): Promise<[string, ...string[]]> {
  await makeRoot();
  const script = [
    'mount --make-rprivate /',
    `mount --bind '${root}' '${root}'`,
    `mount --rbind /sys '${root}/sys'`,
    `mount --rbind /dev '${root}/dev'`,
    `mount -t proc proc '${root}/proc'`,
    // Its own runtime folders: an engine of another run may have left its sockets there.
    `mount -t tmpfs tmpfs '${root}/run'`,
    ...binds.map(({ from, to }) => `mkdir -p '${root}${to}'; mount --bind '${from}' '${root}${to}'`),
    // podman keeps its locks there. After the binds, whose sources may be in it.
    `mount -t tmpfs tmpfs '${root}/dev/shm'`,
    `exec chroot '${root}' ${command}`,
  ];
  return [needCommand('unshare', 'util-linux'), '--mount', '--', 'sh', '-euc', script.join('\n'), 'sh'];
}

async function makeRoot(): Promise<void> {
  if (existsSync(root)) return;
  await provision(['debootstrap']);
  await step('Making a Debian with newer container engines (700 MB, kept in .cache; a minute)', async (progress) => {
    const draft = `${root}.${process.pid}`;
    await mkdir(draft, { recursive: true });
    const debootstrap = needCommand('debootstrap', 'debootstrap');
    try {
      const include = `--include=${packages.join(',')}`;
      await run(debootstrap, ['--variant=minbase', include, 'sid', draft, await mirror()], {
        env: { LC_ALL: 'C', DEBIAN_FRONTEND: 'noninteractive' },
        onLine: (line) => {
          progress.report(line.replace(/^[IWE]: /, ''));
        },
      });
      await removeMirror(draft);
      await rename(draft, root);
    } finally {
      await rm(draft, { recursive: true, force: true });
    }
  });
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

/** The address of the mirror stays on this machine. */
async function removeMirror(folder: string): Promise<void> {
  await writeFile(join(folder, 'etc/apt/sources.list'), '');
  const traces = ['debootstrap', 'var/lib/apt/lists', 'var/cache/apt', 'var/log'];
  await Promise.all(traces.map((trace) => rm(join(folder, trace), { recursive: true, force: true })));
}
