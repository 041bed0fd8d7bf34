import * as l10n from '@vscode/l10n';
import type { ImageDetails } from '../ports/imageSource.ts';
import type { RelayParts } from './pushFromEngine.ts';
import { isTemporaryName } from './temporaryTag.ts';

/**
 * Why an engine is not to be asked to push an image to us; undefined if nothing stands against it. `isRequired`: it is
 * tried even if it failed a short time ago.
 */
export function relayObstacle(
  { references }: Pick<ImageDetails, 'references'>,
  { pusher, reachability }: Pick<RelayParts, 'pusher' | 'reachability'>,
  { isRequired }: { readonly isRequired: boolean },
): string | undefined {
  // The temporary name would be its only one, and removing the last name removes the image.
  if (references.every(isTemporaryName)) return l10n.t('The image has no name of its own.');
  if (isRequired || reachability.isWorthTrying(pusher.id)) return undefined;
  return pusher.isolation === undefined
    ? l10n.t('It did not reach Tea Chest at 127.0.0.1 a short time ago.')
    : l10n.t`It did not reach Tea Chest at 127.0.0.1 a short time ago: ${pusher.isolation}.`;
}
