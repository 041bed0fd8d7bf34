import { alternate, type Store } from '../rig/bench.ts';
import { distributionProvider } from '../rig/benchRegistry.ts';
import { dockerPush, teaChest, teaChestVariants } from '../rig/pusher.ts';
import type { BenchCase } from './benchCase.ts';
import { pushCold } from './coldPush.ts';

const stores: readonly Store[] = ['classic', 'containerd'];

/** Five images on one base to a registry that has nothing: together by Tea Chest, one after the other by docker push. */
export const severalCase: BenchCase = {
  name: 'several',
  titles: Object.fromEntries(
    stores.map((store) => [`several-${store}`, `Five images on one base of 100 MB: ${store} store → docker-registry`]),
  ),
  run: async (bench) => {
    for (const store of stores) {
      const side = await bench[store]();
      const images = await side.images.onOneBase(5);
      await alternate(bench, {
        name: `several-${store}`,
        tools: [dockerPush, teaChest(teaChestVariants.gzip, bench.profileFolder)],
        rounds: bench.rounds,
        run: (tool) => pushCold(tool, side, distributionProvider, images),
      });
    }
  },
};
