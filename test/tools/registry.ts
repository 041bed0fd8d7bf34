import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { needCommand } from './findCommand.ts';
import { run } from './run.ts';
import { makeScratch } from './scratch.ts';
import { startService, waitFor } from './service.ts';

/** A running Debian docker-registry (CNCF distribution): plain http on loopback, data of its own. */
export interface Registry {
  /** `127.0.0.1:port`, as references begin. */
  readonly host: string;
  readonly origin: string;
  /** The folder of its data; read only. */
  readonly dataFolder: string;
  output(): string;
  stop(): Promise<void>;
}

export interface RegistryOptions {
  /** Asks for this user by HTTP Basic; without, anybody may push. */
  readonly user?: { readonly name: string; readonly password: string };
}

export async function startRegistry({ user }: RegistryOptions = {}): Promise<Registry> {
  const program = needCommand('docker-registry', 'docker-registry');
  const scratch = await makeScratch('registry');
  const passwords = join(scratch.path, 'htpasswd');
  if (user !== undefined) await writeFile(passwords, `${user.name}:${await bcrypt(user.password)}\n`, { mode: 0o600 });
  const dataFolder = join(scratch.path, 'data');
  const config = {
    version: '0.1',
    log: { level: 'info' },
    storage: { filesystem: { rootdirectory: dataFolder }, delete: { enabled: true } },
    http: { addr: '127.0.0.1:0', secret: randomBytes(16).toString('hex') },
    ...(user === undefined ? {} : { auth: { htpasswd: { realm: 'registry', path: passwords } } }),
  };
  const configFile = join(scratch.path, 'config.yml');
  // YAML holds JSON.
  await writeFile(configFile, JSON.stringify(config, undefined, 2));
  const service = startService(program, ['serve', configFile], {
    logFile: join(scratch.path, 'registry.log'),
    folders: [scratch.path],
  });
  const stop = async (): Promise<void> => {
    await service.stop();
    await scratch.remove();
  };
  try {
    const host = await waitFor('docker-registry', service, () => {
      return /listening on (127\.0\.0\.1:\d+)/.exec(service.output())?.[1];
    });
    return { host, origin: `http://${host}`, dataFolder, output: () => service.output(), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/**
 * The only hash docker-registry accepts, at its lowest cost: the registry computes it for each request. Neither Node nor
 * OpenSSL has it; the C library behind perl's crypt does.
 */
async function bcrypt(password: string): Promise<string> {
  const salt = randomBytes(11).toString('hex');
  const { stdout } = await run('perl', ['-e', 'chomp($p = <STDIN>); print crypt($p, $ARGV[0])', `$2b$04$${salt}`], {
    input: `${password}\n`,
  });
  if (!stdout.startsWith('$2b$')) throw new Error('The C library of this machine has no bcrypt.');
  return stdout;
}
