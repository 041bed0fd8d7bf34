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
    coldCase('', 'classic', distributionPlace, [gzip, zstd, none, auto]),
    coldCase('-gitea', 'classic', gitea, [gzip, auto]),
    againCase('', 'classic', distributionPlace, { withSkopeo: true }),
    againCase('-gitea', 'classic', gitea, { withSkopeo: false }),
    // What containerd's store has compressed goes out as it is, whatever the setting.
    coldCase('-containerd', 'containerd', distributionPlace, [gzip]),
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
