import { distributionPlace, type RegistryPlace } from '../rig/benchRegistry.ts';
import { teaChestVariants } from '../rig/pusher.ts';
import type { BenchCase } from './benchCase.ts';
import { coldCase } from './coldPush.ts';
import { extensionCase } from './extensionItself.ts';
import { layersCase, sizesCase } from './flatCost.ts';
import { bodyLimitCase, gatewayTimeoutCase } from './limitedProxy.ts';
import { againCase } from './pushAgain.ts';
import { gigabitCase, slowLinkCase } from './slowLink.ts';

const { gzip, zstd, none, auto } = teaChestVariants;

/** Everything that is measured, in order. */
export function cases(gitea: RegistryPlace): readonly BenchCase[] {
  return [
    coldCase({
      suffix: '',
      store: 'classic',
      place: distributionPlace,
      variants: [gzip, zstd, none, auto],
      withFirstChange: true,
    }),
    // Its changes are those of `again-gitea`.
    coldCase({ suffix: '-gitea', store: 'classic', place: gitea, variants: [gzip, auto], withFirstChange: false }),
    againCase('', 'classic', distributionPlace, { withSkopeo: true }),
    againCase('-gitea', 'classic', gitea, { withSkopeo: false }),
    // What containerd's store has compressed goes out as it is, whatever the setting.
    coldCase({
      suffix: '-containerd',
      store: 'containerd',
      place: distributionPlace,
      variants: [gzip],
      withFirstChange: true,
    }),
    againCase('-containerd', 'containerd', distributionPlace, { withSkopeo: false }),
    gigabitCase,
    layersCase,
    sizesCase,
    slowLinkCase,
    bodyLimitCase,
    gatewayTimeoutCase,
    extensionCase,
  ];
}
