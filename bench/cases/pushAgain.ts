import { createCloser } from '../../test/tools/closer.ts';
import { alternate, deadline, measured, longestPush, type Store } from '../rig/bench.ts';
import type { BenchRegistry, RegistryProvider } from '../rig/benchRegistry.ts';
import { teaChestVariants, type Pusher, type Tool } from '../rig/pusher.ts';
import { step } from '../../test/tools/step.ts';
import type { BenchCase } from './benchCase.ts';
import { toolsFor } from './coldPush.ts';

interface Session {
  readonly registry: BenchRegistry;
  readonly pusher: Pusher;
}

/**
 * A day's work: the image is in the registry, pushed by the same tool; then it is pushed once more as it is (`unchanged`),
 * and with one more small layer (`changed`), each time another one. Each tool has a repository of its own. What a first
 * change costs is a task of its own in coldPush.ts. skopeo reads the whole image whatever changed, so that once with it
 * is enough.
 */
export function againCase(
  suffix: string,
  store: Store,
  provider: RegistryProvider,
  { withSkopeo }: { readonly withSkopeo: boolean },
): BenchCase {
  return {
    name: `again${suffix}`,
    titles: {
      [`unchanged${suffix}`]: `Nothing changed: ${store} store → ${provider.title}`,
      [`changed${suffix}`]: `One small layer changed: ${store} store → ${provider.title}`,
    },
    largeImageOf: store,
    run: async (bench) => {
      const { engine, images } = await bench[store]();
      const tools = toolsFor(bench, store, [teaChestVariants.gzip]).filter(
        ({ name }) => withSkopeo || !name.includes('skopeo'),
      );
      const closer = createCloser();
      const sessions = new Map<Tool, Promise<Session>>();
      const app = await step(`again${suffix}: the image`, () =>
        provider.isShared ? images.unseenApp() : images.app(),
      );
      // On a Gitea that all of them share, nobody overwrites another's tag.
      const repository = (registry: BenchRegistry, tool: Tool): string =>
        `${registry.prefix}again-${tool.name.replaceAll(/\W+/g, '-').toLowerCase()}`;
      const session = (tool: Tool): Promise<Session> => {
        const known = sessions.get(tool) ?? prepare(tool);
        sessions.set(tool, known);
        return known;
      };
      const prepare = async (tool: Tool): Promise<Session> => {
        const registry = await provider.open();
        closer.add(() => registry.stop());
        const pusher = await tool.open(engine, registry);
        closer.add(() => pusher.close());
        await step(`again${suffix}: ${tool.name} pushes for the first time`, () =>
          pusher.push([app], repository(registry, tool), '1', { signal: deadline(tool.name, longestPush) }),
        );
        return { registry, pusher };
      };
      const pushOnce = async (tool: Tool, image: string): ReturnType<typeof measured> => {
        const { registry, pusher } = await session(tool);
        const signal = deadline(tool.name, longestPush);
        return measured(registry, () => pusher.push([image], repository(registry, tool), '1', { signal }));
      };
      try {
        // Over in a moment, so that more rounds cost nothing; skopeo alone reads the whole image each time.
        const rounds = (tool: Tool): number => (tool.name.includes('skopeo') || bench.quick ? bench.rounds : 7);
        await alternate(bench, { name: `unchanged${suffix}`, tools, rounds, run: (tool) => pushOnce(tool, app) });
        await alternate(bench, {
          name: `changed${suffix}`,
          tools,
          rounds,
          run: async (tool) => {
            await session(tool);
            const image = await images.changed(app);
            return await pushOnce(tool, image).finally(() => images.drop(image));
          },
        });
      } finally {
        await closer.close();
        if (provider.isShared) await images.drop(app);
      }
    },
  };
}
