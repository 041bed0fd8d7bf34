import * as l10n from '@vscode/l10n';
import { TeaChestError, toTeaChestError } from '../base/errors.ts';
import { RelayUnavailable } from '../relay/pushFromEngine.ts';

const noSpace = /no space left on device|not enough space|disk quota exceeded/i;

/** Says of a failure of the engine what it means, where its message shows that. */
export function explainPullError(error: unknown, reference: string): TeaChestError {
  if (error instanceof RelayUnavailable) {
    return new TeaChestError('engineFailed', l10n.t`${reference} could not be pulled. ${error.message}`, {
      cause: error,
    });
  }
  const known = toTeaChestError(error);
  const message = String(known.facts['message'] ?? '');
  if (known.code !== 'engineFailed' || !noSpace.test(message)) return known;
  const sentence = l10n.t`There is no room for ${reference} where the container engine keeps its images. (It says: ${message}.)`;
  return new TeaChestError('engineFull', sentence, { cause: error, facts: known.facts });
}
