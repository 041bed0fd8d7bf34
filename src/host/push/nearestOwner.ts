import { TeaChestError } from '../../core/base/errors.ts';
import { nearestName } from '../../core/gitea/nearestName.ts';
import type { Connection } from '../connections/connection.ts';
import type { Target } from '../targets/target.ts';
import type { Owners } from '../registry/registryBrowser.ts';

/** An owner that does not exist is mostly one that was mistyped: the failure says which one that may be pushed to is meant. */
export async function withNearestOwner(
  error: unknown,
  { connection, target }: { readonly connection: Connection; readonly target: Target },
  owners: (connection: Connection) => Promise<Owners>,
): Promise<unknown> {
  if (!(error instanceof TeaChestError) || error.code !== 'ownerNotFound') return error;
  const { names } = await owners(connection);
  const nearest = nearestName(target.repository.split('/')[0] ?? '', names);
  if (nearest === undefined) return error;
  return new TeaChestError(error.code, `${error.message} Did you mean “${nearest}”?`, {
    cause: error,
    ...(error.stage !== undefined && { stage: error.stage }),
    facts: { ...error.facts, suggestion: nearest },
  });
}
