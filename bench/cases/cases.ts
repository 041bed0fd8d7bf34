import { distributionPlace, type RegistryPlace } from '../rig/benchRegistry.ts';
import type { BenchCase } from './benchCase.ts';
import { coldCase } from './coldPush.ts';
import { extensionCase } from './extensionItself.ts';
import { layersCase, sizesCase } from './flatCost.ts';
import { bodyLimitCase, gatewayTimeoutCase } from './limitedProxy.ts';
import { againCase } from './pushAgain.ts';
import { gigabitCase, slowLinkCase } from './slowLink.ts';

/** Everything that is measured, in order. */
export function cases(gitea: RegistryPlace): readonly BenchCase[] {
  return [
    coldCase('', 'classic', distributionPlace),
    coldCase('-gitea', 'classic', gitea),
    againCase('', 'classic', distributionPlace),
    againCase('-gitea', 'classic', gitea),
    coldCase('-containerd', 'containerd', distributionPlace),
    againCase('-containerd', 'containerd', distributionPlace),
    gigabitCase,
    layersCase,
    sizesCase,
    slowLinkCase,
    bodyLimitCase,
    gatewayTimeoutCase,
    extensionCase,
  ];
}
