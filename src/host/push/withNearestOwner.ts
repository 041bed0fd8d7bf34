import { TeaChestError } from '../../core/base/errors.ts';
import { nearestName } from '../../core/gitea/nearestName.ts';
import type { RegistryBrowser } from '../registry/registryBrowser.ts';
import type { Destination } from '../targets/target.ts';

/** An owner that does not exist is often mistyped. Adds the most similar owner that the person may push to. */
export async function withNearestOwner(
  error: unknown,
  { connection, target }: Destination,
  access: Pick<RegistryBrowser, 'owners'>,
): Promise<unknown> {
  if (!(error instanceof TeaChestError) || error.code !== 'ownerNotFound') return error;
  const { names } = await access.owners(connection);
  const nearest = nearestName(target.repository.split('/')[0] ?? '', names);
  if (nearest === undefined) return error;
  return new TeaChestError(error.code, `${error.message} Did you mean “${nearest}”?`, {
    cause: error,
    ...(error.stage !== undefined && { stage: error.stage }),
    facts: { ...error.facts, suggestion: nearest },
  });
}
