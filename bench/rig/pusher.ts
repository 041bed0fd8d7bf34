import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Compression } from '../../src/host/commands/arguments.ts';
import type { Engine } from '../../test/tools/engine.ts';
import { needCommand } from '../../test/tools/findCommand.ts';
import { run } from '../../test/tools/run.ts';
import { makeScratch, type Scratch } from '../../test/tools/scratch.ts';
import type { Measurement } from '../report/row.ts';
import type { BenchRegistry } from './benchRegistry.ts';
import { startTeaChest } from './teaChestProcess.ts';
import type { PushReport } from './teaChestProtocol.ts';

/** A way to push. */
export interface Tool {
  readonly name: string;
  /** As after a fresh install, with the person signed in. */
  open(engine: Engine, registry: BenchRegistry): Promise<Pusher>;
}

export interface Pusher {
  /** Rejects when it fails, or as soon as the signal fires. */
  push(image: string, repository: string, tag: string, options: { readonly signal: AbortSignal }): Promise<Measurement>;
  close(): Promise<void>;
}

/** What Tea Chest is asked to do; to be told apart by `name`. */
export interface TeaChestVariant {
  readonly name: string;
  readonly compression: Compression;
}

export const teaChestVariants = {
  gzip: { name: 'Tea Chest, gzip', compression: 'gzip' },
  zstd: { name: 'Tea Chest, zstd', compression: 'zstd' },
  none: { name: 'Tea Chest, none', compression: 'none' },
  auto: { name: 'Tea Chest, auto', compression: 'auto' },
} as const satisfies Record<string, TeaChestVariant>;

export const dockerPush: Tool = {
  name: 'docker push',
  open: async (engine, registry) => {
    const scratch = await makeScratch('docker');
    await writeLogin(scratch, registry);
    return {
      push: async (image, repository, tag, { signal }) => {
        const reference = `${registry.connection.host}/${repository}:${tag}`;
        await engine.docker(['tag', image, reference]);
        const ms = await timed(() => engine.docker(['--config', scratch.path, 'push', reference], { signal }), signal);
        await engine.docker(['image', 'rm', reference]);
        return { ms };
      },
      close: () => scratch.remove(),
    };
  },
};

export const skopeoCopy: Tool = {
  name: 'skopeo copy',
  open: async (engine, registry) => {
    const scratch = await makeScratch('skopeo');
    await writeLogin(scratch, registry);
    const program = needCommand('skopeo', 'skopeo');
    // skopeo remembers which blobs it has seen where: in a folder of its own, which only users other than root may name.
    const env = { XDG_DATA_HOME: scratch.path, _CONTAINERS_ROOTLESS_UID: '1000' };
    const options = [
      ...['--insecure-policy', 'copy', '--quiet', '--src-daemon-host', engine.host],
      ...['--dest-tls-verify=false', '--authfile', join(scratch.path, 'config.json')],
    ];
    return {
      push: async (image, repository, tag, { signal }) => {
        const reference = `docker://${registry.connection.host}/${repository}:${tag}`;
        return {
          ms: await timed(
            () => run(program, [...options, `docker-daemon:${image}`, reference], { env, signal }),
            signal,
          ),
        };
      },
      close: () => scratch.remove(),
    };
  },
};

export interface TeaChestOptions {
  /** Called with every push's own report. */
  readonly onReport?: (tool: string, report: PushReport) => void;
  /** V8 leaves a CPU profile there for each process. */
  readonly profileFolder?: string | undefined;
}

export function teaChest({ name, compression }: TeaChestVariant, { onReport, profileFolder }: TeaChestOptions): Tool {
  return {
    name,
    open: async (engine, { connection, credential }) => {
      const scratch = await makeScratch('storage');
      const storage = join(scratch.path, 'globalStorage');
      await mkdir(storage);
      const child = await startTeaChest({ engineHost: engine.host, connection, credential, storage }, profileFolder);
      return {
        push: async (image, repository, tag, options) => {
          const report = await child.push({ image, repository, tag, compression }, options);
          onReport?.(name, report);
          const { ms, peakRssMb, delayP99Ms, result } = report;
          return { ms, peakRssMb, delayP99Ms, uploadedBytes: result.uploadedBytes };
        },
        close: async () => {
          await child.close();
          await scratch.remove();
        },
      };
    },
  };
}

/** By file: a secret never stands among a process's arguments. */
async function writeLogin(scratch: Scratch, { connection, credential }: BenchRegistry): Promise<void> {
  const auth = credential && Buffer.from(`${credential.username}:${credential.secret}`).toString('base64');
  const logins = auth === undefined ? {} : { auths: { [connection.host]: { auth } } };
  await writeFile(join(scratch.path, 'config.json'), JSON.stringify(logins), { mode: 0o600 });
}

/** A command that was stopped says nothing of why: the signal does. */
async function timed(work: () => Promise<unknown>, signal: AbortSignal): Promise<number> {
  const startedAt = performance.now();
  try {
    await work();
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  }
  return performance.now() - startedAt;
}
