import type { Logger } from '../core/base/logger.ts';
import type { AskSignInDependencies } from '../host/connections/signInState.ts';
import type { EngineLink } from '../host/engine/engine.ts';
import type { ImageList } from '../host/engine/imageList.ts';
import { PullController } from '../host/pull/pullController.ts';
import { PullRunner } from '../host/pull/pullRunner.ts';
import { PullStatusBar } from '../host/pull/pullStatusBar.ts';
import type { EngineRelay } from '../host/push/engineRelay.ts';
import type { ImagesView } from '../host/views/images/imagesView.ts';
import type { Registries } from './buildRegistries.ts';

/** What runs pulls and shows them. */
export interface Pulling {
  readonly pulls: PullRunner;
  readonly pull: PullController;
  readonly pullStatusBar: PullStatusBar;
}

export function buildPulling(
  signIn: AskSignInDependencies,
  { store, access, pulledImages: pulled }: Registries,
  engine: { readonly link: EngineLink; readonly relay: EngineRelay },
  { images, imagesView }: { readonly images: ImageList; readonly imagesView: ImagesView },
  logger: Logger,
): Pulling {
  const pulls = new PullRunner({ ...engine, access, store, pulled, logger });
  const pull = new PullController({
    ...{ ...signIn, store, runner: pulls },
    onPulled: () => void images.refresh(),
    reveal: (reference) => imagesView.reveal(reference),
  });
  return { pulls, pull, pullStatusBar: new PullStatusBar(pulls) };
}
