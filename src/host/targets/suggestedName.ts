import * as l10n from '@vscode/l10n';
import { joinSentences } from '../../core/base/joinSentences.ts';
import { TeaChestError } from '../../core/base/errors.ts';
import { imagesNamed } from '../../core/gitea/checkTarget.ts';
import { parseImageReference } from '../../core/oci/imageReference.ts';

/**
 * A warning about a name that is suggested instead of one that Gitea refuses (`a-b` for `a--b`): other images of this
 * machine already have it, and pushes to the same tag would replace each other. `image`: the image that is pushed; its
 * own name with another tag does not count.
 */
export function warnOfOthers(name: string, image: string, references: readonly string[]): string | undefined {
  const own = repositoryOf(image);
  const others = imagesNamed(name, references).filter((one) => own === undefined || repositoryOf(one) !== own);
  const [first] = others;
  if (first === undefined) return undefined;
  return others.length === 1
    ? l10n.t`But “${name}” is also the name of another image here, of ${first}: pushed to the same tag, one replaces the other.`
    : l10n.t`But “${name}” is also the name of another image here, of ${first} and of ${others.length - 1} more: pushed to the same tag, one replaces the other.`;
}

/** Adds the warning to the error for a whole target, which has the suggestion in `facts.suggestion`. */
export function withWarningOfOthers(error: unknown, image: string, references: readonly string[]): unknown {
  if (!(error instanceof TeaChestError) || error.code !== 'nameInvalid') return error;
  const { suggestion } = error.facts;
  const repository = typeof suggestion === 'string' ? repositoryOf(suggestion) : undefined;
  const name = repository?.slice(repository.indexOf('/') + 1);
  const warning = name === undefined ? undefined : warnOfOthers(name, image, references);
  if (warning === undefined) return error;
  return new TeaChestError(error.code, joinSentences(error.message, warning), {
    cause: error,
    ...(error.stage !== undefined && { stage: error.stage }),
    facts: error.facts,
  });
}

/** Without the registry. Undefined for an ID. */
function repositoryOf(reference: string): string | undefined {
  try {
    return parseImageReference(reference).repository;
  } catch {
    return undefined;
  }
}
