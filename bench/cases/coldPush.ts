import { alternate, deadline, measured, patience, type Bench, type BenchEngine } from '../rig/bench.ts';
import type { RegistryPlace } from '../rig/benchRegistry.ts';
import { dockerPush, skopeoCopy, teaChest, teaChestVariants, type TeaChestVariant, type Tool } from '../rig/pusher.ts';
import type { Measurement } from '../report/row.ts';
import type { BenchCase } from './benchCase.ts';

/** The tools to compare at a task, Tea Chest in the given ways. */
export function toolsFor(bench: Bench, task: string, variants: readonly TeaChestVariant[]): readonly Tool[] {
  const options = {
    profileFolder: bench.profileFolder,
    onReport: (tool: string, report: Parameters<Bench['report']>[2]) => {
      bench.report(task, tool, report);
    },
  };
  return [dockerPush, skopeoCopy, ...variants.map((variant) => teaChest(variant, options))];
}

/**
 * An image goes to a registry that has nothing of it, by a tool that knows nothing of it. A registry of our own is a new
 * and empty one each time, at another address; docker's digest cache and skopeo's are keyed by that address and only
 * make them ask for blobs, which are not there. A Gitea that remembers gets layers that never were before.
 */
export async function pushCold(
  tool: Tool,
  { engine, images }: BenchEngine,
  place: RegistryPlace,
  image?: string,
): Promise<Measurement> {
  const registry = await place.open();
  try {
    const own = image ?? (place.remembers ? await images.unseenApp() : await images.app());
    const pusher = await tool.open(engine, registry);
    try {
      return await measured(registry, () =>
        pusher.push(own, `${registry.prefix}cold`, '1', { signal: deadline(tool.name, patience) }),
      );
    } finally {
      await pusher.close();
      if (image === undefined && place.remembers) await images.drop(own);
    }
  } finally {
    await registry.stop();
  }
}

const { gzip, zstd, none, auto } = teaChestVariants;

/** `suffix` tells its tasks from those of other engines and registries. */
export function coldCase(suffix: string, store: 'classic' | 'containerd', place: RegistryPlace): BenchCase {
  const name = `cold${suffix}`;
  return {
    name,
    titles: { [name]: `Cold push: ${store} store → ${place.title}` },
    run: async (bench) => {
      const side = await bench[store]();
      await side.images.app();
      await alternate(bench, {
        name,
        // What containerd's store has compressed goes out as it is, whatever the setting.
        tools: toolsFor(bench, name, store === 'classic' ? [gzip, zstd, none, auto] : [gzip]),
        rounds: bench.rounds,
        run: (tool) => pushCold(tool, side, place),
      });
    },
  };
}
