import { distributionProvider, type RegistryProvider } from '../rig/benchRegistry.ts';
import { teaChestVariants } from '../rig/pusher.ts';
import type { BenchCase } from './benchCase.ts';
import { coldCase } from './coldPush.ts';
import { extensionCase } from './extensionItself.ts';
import { layersCase, sizesCase } from './flatCost.ts';
import { bodyLimitCase, gatewayTimeoutCase } from './limitedProxy.ts';
import { againCase } from './pushAgain.ts';
import { severalCase } from './severalImages.ts';
import { gigabitCase, slowLinkCase } from './slowLink.ts';

const { gzip, zstd, none, auto } = teaChestVariants;

/** Everything that is measured, in order. */
export function cases(gitea: RegistryProvider): readonly BenchCase[] {
  return [
    coldCase({
      suffix: '',
      store: 'classic',
      provider: distributionProvider,
      variants: [gzip, zstd, none, auto],
      withFirstChange: true,
    }),
    // Its changes are those of `again-gitea`.
    coldCase({ suffix: '-gitea', store: 'classic', provider: gitea, variants: [gzip, auto], withFirstChange: false }),
    againCase('', 'classic', distributionProvider, { withSkopeo: true }),
    againCase('-gitea', 'classic', gitea, { withSkopeo: false }),
    // What containerd's store has compressed goes out as it is, whatever the setting.
    coldCase({
      suffix: '-containerd',
      store: 'containerd',
      provider: distributionProvider,
      variants: [gzip],
      withFirstChange: true,
    }),
    againCase('-containerd', 'containerd', distributionProvider, { withSkopeo: false }),
    gigabitCase,
    ...(['podman4', 'podman5'] as const).map((store) =>
      coldCase({
        ...{ suffix: `-${store}`, store, provider: distributionProvider },
        ...{ variants: [gzip], withFirstChange: false },
      }),
    ),
    layersCase('', 'classic'),
    layersCase('-containerd', 'containerd'),
    severalCase,
    sizesCase,
    slowLinkCase,
    bodyLimitCase,
    gatewayTimeoutCase,
    extensionCase,
  ];
}
