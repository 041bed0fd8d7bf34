import { chmod, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { delimiter } from 'node:path';

import { needCommand } from './findCommand.ts';
import { freePort } from './freePort.ts';
import { startRecorder, type Recorder } from './recorder.ts';
import { run } from './run.ts';
import { makeScratch } from './scratch.ts';
import { startService, waitFor } from './service.ts';

/** An ssh server of the test's own, with keys that nobody else has. It lets the user in who runs the test. */
export interface SshServer {
  /** `user@host:port`, as stands behind `ssh://`. */
  readonly destination: string;
  /** For clients: a PATH with an `ssh` that has this server's host key and the right private key, as if by ~/.ssh. */
  readonly path: string;
  /** Each login is a connection. */
  readonly connections: Recorder['connections'];
  output(): string;
  stop(): Promise<void>;
}

export interface SshServerOptions {
  /** sshd_config(5), MaxStartups. */
  readonly maxStartups?: string;
  /** The PATH of the commands that clients start. */
  readonly path?: string;
}

/** Debian's sshd at 127.0.0.2. Linux, root. */
export async function startSshServer({ maxStartups, path }: SshServerOptions = {}): Promise<SshServer> {
  const sshd = needCommand('sshd', 'openssh-server');
  const unshare = needCommand('unshare', 'util-linux');
  const scratch = await makeScratch('sshd');
  const at = (name: string): string => join(scratch.path, name);
  const port = await freePort('127.0.0.2');
  await makeKeys(at);
  const config = [
    `ListenAddress 127.0.0.2:${port}`,
    `HostKey ${at('host-key')}`,
    `AuthorizedKeysFile ${at('user-key.pub')}`,
    ...[
      'PidFile none',
      'UsePAM no',
      'StrictModes no',
      'PasswordAuthentication no',
      'PermitRootLogin prohibit-password',
    ],
    ...(maxStartups === undefined ? [] : [`MaxStartups ${maxStartups}`]),
    ...(path === undefined ? [] : [`SetEnv PATH=${path}`]),
  ];
  await writeFile(at('sshd_config'), `${config.join('\n')}\n`);
  // sshd wants a folder below /run, which this machine need not have.
  const script = 'mount --make-rprivate /; mount -t tmpfs tmpfs /run; mkdir /run/sshd; exec "$0" "$@"';
  const service = startService(
    unshare,
    ['--mount', '--', 'sh', '-euc', script, sshd, '-D', '-e', '-f', at('sshd_config')],
    { logFile: at('log'), folders: [scratch.path] },
  );
  try {
    await waitFor('sshd', service, () => (service.output().includes('Server listening') ? true : undefined));
    const recorder = await startRecorder({ to: `127.0.0.2:${port}`, tls: false });
    await putClient(at, recorder);
    return {
      destination: `root@${recorder.host}`,
      path: [scratch.path, process.env['PATH']].join(delimiter),
      connections: recorder.connections,
      output: () => service.output(),
      stop: async () => {
        await recorder.close();
        await service.stop();
        await scratch.remove();
      },
    };
  } catch (error) {
    await service.stop();
    throw error;
  }
}

async function makeKeys(at: (name: string) => string): Promise<void> {
  const keygen = needCommand('ssh-keygen', 'openssh-client');
  for (const name of ['host-key', 'user-key']) {
    await run(keygen, ['-q', '-t', 'ed25519', '-N', '', '-C', 'a test', '-f', at(name)]);
  }
}

/** An `ssh` that reads a configuration of its own: the program itself reads that of the user's home and no other. */
async function putClient(at: (name: string) => string, { port, host }: Recorder): Promise<void> {
  const ssh = needCommand('ssh', 'openssh-client');
  const address = host.slice(0, host.lastIndexOf(':'));
  await writeFile(at('known_hosts'), `[${address}]:${port} ${await readFile(at('host-key.pub'), 'utf8')}`);
  const config = [`IdentityFile ${at('user-key')}`, 'IdentitiesOnly yes', `UserKnownHostsFile ${at('known_hosts')}`];
  await writeFile(at('ssh_config'), `${[...config, 'BatchMode yes'].join('\n')}\n`);
  await writeFile(at('ssh'), `#!/bin/sh\nexec ${ssh} -F ${at('ssh_config')} "$@"\n`);
  await chmod(at('ssh'), 0o755);
}
