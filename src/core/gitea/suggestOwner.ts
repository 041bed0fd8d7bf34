import { TeaChestError } from '../base/errors.ts';
import { nearestName } from './nearestName.ts';

/** Adds to `ownerNotFound` the nearest of the owners that may be pushed to, where one is near; other errors stay as they are. */
export function suggestOwner(error: TeaChestError, owners: readonly string[]): TeaChestError {
  const { owner } = error.facts;
  if (error.code !== 'ownerNotFound' || typeof owner !== 'string') return error;
  const nearest = nearestName(owner, owners);
  if (nearest === undefined || nearest === owner.toLowerCase()) return error;
  return new TeaChestError(
    'ownerNotFound',
    `${error.message} The nearest of those that you may push to is “${nearest}”.`,
    { cause: error, facts: { ...error.facts, suggestion: nearest }, ...(error.stage && { stage: error.stage }) },
  );
}
