import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Compression, Strategy } from '../../src/host/push/pushArguments.ts';
import type { Engine } from '../../test/tools/engine.ts';
import { needCommand } from '../../test/tools/findCommand.ts';
import { run } from '../../test/tools/run.ts';
import { makeScratch, type Scratch } from '../../test/tools/scratch.ts';
import type { Measurement } from '../report/row.ts';
import type { BenchRegistry } from './benchRegistry.ts';
import type { Store } from './bench.ts';
import { startTeaChest } from './teaChestProcess.ts';

/** A tool or a strategy to push with. */
export interface Tool {
  readonly name: string;
  /** As after a fresh install, with the person signed in. */
  open(engine: Engine, registry: BenchRegistry): Promise<Pusher>;
}

interface PushOptions {
  readonly signal: AbortSignal;
}

export interface Pusher {
  /**
   * Rejects when it fails, or as soon as the signal fires. Several images go to repositories whose names begin with
   * `repository`: one after the other, or together where the tool can do that.
   */
  push(images: readonly string[], repository: string, tag: string, options: PushOptions): Promise<Measurement>;
  close(): Promise<void>;
}

/** One configuration of Tea Chest, with a unique `name`. */
export interface TeaChestVariant {
  readonly name: string;
  readonly compression: Compression;
  /** By default `auto`, as users have it. A push that uses another strategy than the one it was given fails. */
  readonly strategy?: Strategy;
}

export const teaChestVariants = {
  /** The default setting: what the engine holds unpacked is compressed by gzip. */
  gzip: { name: 'Tea Chest, gzip', compression: 'stored' },
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
      push: async (images, repository, tag, { signal }) => {
        const references = repositoriesOf(images, repository).map(
          (name) => `${registry.connection.host}/${name}:${tag}`,
        );
        for (const [at, image] of images.entries()) await engine.docker(['tag', image, references[at] ?? '']);
        const ms = await timed(async () => {
          for (const reference of references) {
            await engine.docker(['--config', scratch.path, 'push', reference], { signal });
          }
        }, signal);
        await engine.docker(['image', 'rm', ...references]);
        return { ms };
      },
      close: () => scratch.remove(),
    };
  },
};

/** podman's own client; the service does the work. */
const podmanPush: Tool = {
  name: 'podman push',
  open: async (engine, registry) => {
    const scratch = await makeScratch('podman-login');
    await writeLogin(scratch, registry);
    const program = needCommand('podman', 'podman');
    const options = ['--tls-verify=false', '--quiet', '--authfile', join(scratch.path, 'config.json')];
    return {
      push: async (images, repository, tag, { signal }) => {
        const repositories = repositoriesOf(images, repository);
        const push = async (): Promise<void> => {
          for (const [at, image] of images.entries()) {
            const reference = `docker://${registry.connection.host}/${repositories[at] ?? ''}:${tag}`;
            await run(program, ['--remote', '--url', engine.host, 'push', ...options, image, reference], { signal });
          }
        };
        return { ms: await timed(push, signal) };
      },
      close: () => scratch.remove(),
    };
  },
};

/** What others are compared with: the push of the engine itself. */
export function ownPush(store: Store): Tool {
  return store === 'podman4' || store === 'podman5' ? podmanPush : dockerPush;
}

export const skopeoCopy: Tool = {
  name: 'skopeo copy',
  open: (engine, registry) =>
    openSkopeo(registry, (image) => Promise.resolve([`docker-daemon:${image}`, '--src-daemon-host', engine.host])),
};

/** For engines that no longer speak the API of Debian's skopeo: what a person does there. */
export const skopeoOfSaved: Tool = {
  name: 'docker save, skopeo copy',
  open: (engine, registry) =>
    openSkopeo(registry, async (image, folder, signal) => {
      const file = join(folder, 'saved.tar');
      await rm(file, { force: true });
      await engine.docker(['save', '--output', file, image], { signal });
      return [`docker-archive:${file}`];
    }),
};

/** `source`: gets the image ready in the given folder, and gives skopeo's name for it and options. */
async function openSkopeo(
  registry: BenchRegistry,
  source: (image: string, folder: string, signal: AbortSignal) => Promise<readonly string[]>,
): Promise<Pusher> {
  const scratch = await makeScratch('skopeo');
  await writeLogin(scratch, registry);
  const program = needCommand('skopeo', 'skopeo');
  // skopeo remembers which blobs it has seen where: in a folder of its own, which only users other than root may name.
  const env = { XDG_DATA_HOME: scratch.path, _CONTAINERS_ROOTLESS_UID: '1000' };
  const options = ['--insecure-policy', 'copy', '--quiet', '--dest-tls-verify=false'];
  options.push('--authfile', join(scratch.path, 'config.json'));
  return {
    push: async (images, repository, tag, { signal }) => {
      const repositories = repositoriesOf(images, repository);
      const copy = async (): Promise<void> => {
        for (const [at, image] of images.entries()) {
          const [name = '', ...more] = await source(image, scratch.path, signal);
          const reference = `docker://${registry.connection.host}/${repositories[at] ?? ''}:${tag}`;
          await run(program, [...options, ...more, name, reference], { env, signal });
        }
      };
      return { ms: await timed(copy, signal) };
    },
    close: () => scratch.remove(),
  };
}

/** `profileFolder`: V8 leaves a CPU profile there for each process. */
export function teaChest(variant: TeaChestVariant, profileFolder: string | undefined): Tool {
  const { name, compression, strategy = 'auto' } = variant;
  return {
    name,
    open: async (engine, { connection, credential }) => {
      const scratch = await makeScratch('storage');
      const storage = join(scratch.path, 'globalStorage');
      await mkdir(storage);
      const opening = { engineHost: engine.host, connection, credential, storage };
      const child = await startTeaChest(opening, profileFolder).catch(async (error: unknown) => {
        await scratch.remove();
        throw error;
      });
      return {
        push: async (images, repository, tag, options) => {
          const repositories = repositoriesOf(images, repository);
          const order = { images, repositories, tag, compression, strategy };
          const { strategy: way, uploadedBytes, ...output } = await child.push(order, options);
          if (strategy !== 'auto' && way !== 'none' && way !== strategy) {
            throw new Error(`The strategy “${strategy}” was requested, but the push used ${way}.`);
          }
          return { ...output, way, uploadedBytes };
        },
        close: async () => {
          await child.close();
          await scratch.remove();
        },
      };
    },
  };
}

function repositoriesOf(images: readonly string[], repository: string): readonly string[] {
  return images.length === 1 ? [repository] : images.map((_, at) => `${repository}-${at}`);
}

/** In a file: process arguments are visible to others. */
async function writeLogin(scratch: Scratch, { connection, credential }: BenchRegistry): Promise<void> {
  const auth = credential && Buffer.from(`${credential.username}:${credential.secret}`).toString('base64');
  const logins = auth === undefined ? {} : { auths: { [connection.host]: { auth } } };
  await writeFile(join(scratch.path, 'config.json'), JSON.stringify(logins), { mode: 0o600 });
}

/** A stopped command does not say why: the signal does. */
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
