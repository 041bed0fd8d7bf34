import { readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { CertificateFolder } from './certificates.ts';
import { needCommand, findCommand } from './findCommand.ts';
import { onThisMachine, type Within } from './netns.ts';
import { cacheFolder } from './projectPaths.ts';
import { run } from './run.ts';
import type { RunResult } from './run.ts';
import { makeScratch } from './scratch.ts';
import { startService, waitFor } from './service.ts';

/** A container engine for tests, used by docker's command line: the extension has its own client. */
export interface Engine {
  /** As DOCKER_HOST has it: `unix:///…`. */
  readonly host: string;
  readonly version: string;
  /** False: the person's own engine, where nothing but what we made may be touched. */
  readonly isPrivate: boolean;
  /** Runs the docker client against this engine. */
  docker(args: readonly string[], options?: DockerOptions): Promise<RunResult>;
  /** What a private engine has logged; empty for a person's own. */
  output(): string;
  /** Ends a private engine at once, as a crash does; `stop` then cleans up. */
  kill(): void;
  /** Ends a private engine and removes all it stored; leaves a person's own as it is. */
  stop(): Promise<void>;
}

export interface DockerOptions {
  readonly input?: string | AsyncIterable<unknown>;
  readonly onLine?: (line: string) => void;
  readonly mayFail?: boolean;
  /** Ends the client, and with it what it has the engine do. */
  readonly signal?: AbortSignal;
}

export interface PrivateEngineOptions {
  /** Registries reached without a trusted certificate; loopback is one anyway. */
  readonly insecureRegistries?: readonly string[];
  /** Listens by TLS as well, for clients with a certificate of the same authority alone. */
  readonly tls?: { readonly address: string; readonly port: number; readonly certificates: CertificateFolder };
  /** Listens at `host:port` as well, for everybody: on a host of a test's own alone. */
  readonly tcp?: string;
  /** The host it runs on; this machine by default. */
  readonly within?: Within;
  /** Where its data is put: by default the disk of the checkout. */
  readonly dataParent?: string | undefined;
  /** The authorities whose certificates it accepts, in place of the machine's. */
  readonly caFile?: string;
}

/** Starts a dockerd that shares nothing with the machine's own: data, sockets, network. Linux, root. */
export async function startPrivateEngine(options: PrivateEngineOptions = {}): Promise<Engine> {
  const dockerd = needCommand('dockerd', 'docker.io');
  if (process.getuid?.() !== 0) throw new Error('A private container engine can only be started by root.');
  await mkdir(cacheFolder, { recursive: true });
  // Data beside the checkout, on a real disk; sockets under the temp folder, as their paths must be short.
  const data = await makeScratch('engine-data', options.dataParent ?? cacheFolder);
  const sockets = await makeScratch('engine');
  const host = `unix://${join(sockets.path, 'docker.sock')}`;
  await writeFile(join(sockets.path, 'daemon.json'), '{}');
  const args = [
    // Not the machine's /etc/docker/daemon.json.
    ...['--config-file', join(sockets.path, 'daemon.json')],
    ...['--data-root', data.path, '--exec-root', join(sockets.path, 'exec'), '--pidfile', join(sockets.path, 'pid')],
    ...['--host', host, '--bridge', 'none', '--iptables=false', '--ip6tables=false'],
    ...tlsArguments(options.tls),
    ...(options.tcp === undefined ? [] : ['--host', `tcp://${options.tcp}`]),
    ...(options.insecureRegistries ?? []).flatMap((registry) => ['--insecure-registry', registry]),
  ];
  const [command, ...commandArgs] = (options.within ?? onThisMachine)([dockerd, ...args]);
  const service = startService(command, commandArgs, {
    logFile: join(sockets.path, 'dockerd.log'),
    folders: [data.path, sockets.path],
    // Go's crypto/x509 reads it in place of the machine's own list.
    ...(options.caFile !== undefined && { env: { SSL_CERT_FILE: options.caFile } }),
  });
  const stop = async (): Promise<void> => {
    await service.stop();
    await Promise.all([data.remove(), sockets.remove()]);
  };
  try {
    const docker = dockerClient(host, join(sockets.path, 'client'), true);
    const version = await waitFor('The container engine', service, () => serverVersion(docker));
    const kill = (): void => void process.kill(Number(readFileSync(join(sockets.path, 'pid'), 'utf8')), 'SIGKILL');
    return { host, version, isPrivate: true, docker, output: () => service.output(), kill, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function tlsArguments(tls: PrivateEngineOptions['tls']): string[] {
  if (tls === undefined) return [];
  const { ca, cert, key } = tls.certificates;
  return [
    ...['--host', `tcp://${tls.address}:${tls.port}`],
    ...['--tlsverify', '--tlscacert', ca, '--tlscert', cert, '--tlskey', key],
  ];
}

/** The engine that this person's `docker` command talks to, if it answers. */
export async function findPersonsEngine(): Promise<Engine | undefined> {
  const client = findCommand('docker');
  if (client === undefined) return undefined;
  const context = await run(client, ['context', 'inspect', '--format', '{{.Endpoints.docker.Host}}'], {
    mayFail: true,
  });
  const host = process.env['DOCKER_HOST'] ?? context.stdout.trim();
  if (host === '') return undefined;
  const docker = dockerClient(host, undefined, false);
  const version = await serverVersion(docker);
  if (version === undefined) return undefined;
  const kill = (): never => {
    throw new Error('A person’s own engine is not ours to end.');
  };
  return { host, version, isPrivate: false, docker, output: () => '', kill, stop: () => Promise.resolve() };
}

/** A docker client for the engine at `host`; a private engine's has none of the person's logins. */
export function dockerClient(host: string, configFolder: string | undefined, isPrivate: boolean): Engine['docker'] {
  // Debian's client and engine come from one package; another one on the PATH may be older than the engine allows.
  const client = needCommand('docker', 'docker.io', isPrivate ? ['/usr/bin'] : []);
  const env = {
    DOCKER_HOST: host,
    DOCKER_CONTEXT: undefined,
    // A private engine's client has none of the person's logins, and needs no buildx.
    ...(isPrivate ? { DOCKER_CONFIG: configFolder, DOCKER_BUILDKIT: '0', DOCKER_TLS_VERIFY: undefined } : {}),
  };
  return (args, options = {}) => run(client, args, { env, ...options });
}

/** Undefined while the engine does not answer. */
export async function serverVersion(docker: Engine['docker']): Promise<string | undefined> {
  const answer = await docker(['version', '--format', '{{.Server.Version}}'], { mayFail: true });
  const version = answer.stdout.trim();
  return answer.code === 0 && version !== '' ? version : undefined;
}
