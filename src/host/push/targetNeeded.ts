import * as l10n from '@vscode/l10n';
import { TeaChestError } from '../../core/base/errors.ts';

/** The error of an image that has no target, and about which nobody was asked, or answered. */
export function targetNeeded(image: string): TeaChestError {
  return new TeaChestError(
    'targetNeeded',
    l10n.t`Nobody said where ${image} should go, and it was not pushed before.`,
    {
      stage: 'resolve',
      facts: { image },
    },
  );
}
