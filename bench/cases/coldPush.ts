import {
  alternate,
  deadline,
  measured,
  longestPush,
  Tally,
  type Bench,
  type BenchEngine,
  type Store,
} from '../rig/bench.ts';
import type { RegistryProvider } from '../rig/benchRegistry.ts';
import {
  ownPush,
  skopeoCopy,
  skopeoOfSaved,
  teaChest,
  teaChestVariants,
  type TeaChestVariant,
  type Tool,
} from '../rig/pusher.ts';
import type { Measurement } from '../report/row.ts';
import type { BenchCase } from './benchCase.ts';

/** The tools to compare, Tea Chest in the given ways. Docker's containerd store comes with an engine of today. */
export function toolsFor(
  { profileFolder }: Bench,
  store: Store,
  variants: readonly TeaChestVariant[],
): readonly Tool[] {
  const skopeo = { classic: [skopeoCopy], containerd: [skopeoOfSaved], podman4: [], podman5: [] }[store];
  return [ownPush(store), ...skopeo, ...variants.map((variant) => teaChest(variant, profileFolder))];
}

/** The large image in layers that `provider` has never seen; to be dropped after use where `isOwn`. */
async function coldImage(
  { images }: BenchEngine,
  provider: RegistryProvider,
): Promise<{ name: string; isOwn: boolean }> {
  return { name: provider.isShared ? await images.unseenApp() : await images.app(), isOwn: provider.isShared };
}

/**
 * A tool without any cache pushes an image to a registry that has no part of it. A registry of our own is a new
 * and empty one each time, at another address; docker's digest cache and skopeo's are keyed by that address and only
 * make them ask for blobs, which are not there. `afterwards` may go on with the same tool and registry.
 */
export async function pushCold(
  tool: Tool,
  { engine }: Pick<BenchEngine, 'engine'>,
  provider: RegistryProvider,
  image: string | readonly string[],
  afterwards?: (push: (image: string) => Promise<Measurement>) => Promise<void>,
): Promise<Measurement> {
  const registry = await provider.open();
  try {
    const pusher = await tool.open(engine, registry);
    try {
      const push = (images: string | readonly string[]): Promise<Measurement> =>
        measured(registry, () =>
          pusher.push([images].flat(), `${registry.prefix}cold`, '1', { signal: deadline(tool.name, longestPush) }),
        );
      const measurement = await push(image);
      await afterwards?.(push);
      return measurement;
    } finally {
      await pusher.close();
    }
  } finally {
    await registry.stop();
  }
}

const { gzip } = teaChestVariants;

export interface ColdTask {
  /** Tells its rows from those of other engines and registries. */
  readonly suffix: string;
  readonly store: Store;
  readonly provider: RegistryProvider;
  readonly variants: readonly TeaChestVariant[];
  /**
   * After its cold push a tool pushes one change, its first one (`first-change`): what a first push leaves undone shows
   * there. An engine that is to be primed digests is given the minute and a half that it takes.
   */
  readonly withFirstChange: boolean;
}

export function coldCase({ suffix, store, provider, variants, withFirstChange }: ColdTask): BenchCase {
  const name = `cold${suffix}`;
  const changeName = `first-change${suffix}`;
  const changeTitle = `The first small change after a cold push: ${store} store → ${provider.title}`;
  return {
    name,
    titles: {
      [name]: `Cold push: ${store} store → ${provider.title}`,
      ...(withFirstChange && { [changeName]: changeTitle }),
    },
    largeImageOf: store,
    run: async (bench) => {
      const side = await bench[store]();
      const tools = toolsFor(bench, store, variants);
      // skopeo reads the whole image whatever changed; the other ways of Tea Chest differ in the cold push only.
      const changers = withFirstChange
        ? tools.filter(({ name: tool }) => tool === ownPush(store).name || tool === gzip.name)
        : [];
      const changes = new Tally(changeName);
      await alternate(bench, {
        name,
        tools,
        rounds: bench.rounds,
        run: async (tool) => {
          const image = await coldImage(side, provider);
          try {
            return await pushCold(tool, side, provider, image.name, async (push) => {
              if (!changers.includes(tool)) return;
              const changed = await side.images.changed(image.name);
              await changes.measure(tool, 'once', () => push(changed));
              await side.images.drop(changed);
            });
          } finally {
            if (image.isOwn) await side.images.drop(image.name);
          }
        },
      });
      changes.record(bench, changers);
    },
  };
}
