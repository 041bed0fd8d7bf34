import * as l10n from '@vscode/l10n';
import { joinSentences } from '../../core/base/joinSentences.ts';
import { TeaChestError } from '../../core/base/errors.ts';
import { nearestName } from '../../core/gitea/nearestName.ts';
import type { Connection } from '../connections/connection.ts';
import type { RegistryBrowser } from '../registry/registryBrowser.ts';

/**
 * Adds details to the refusal of an owner. An owner that does not exist is often mistyped: the message gets the most similar
 * one that the person may push to. For one that may not be written to, it gets the reason. Other errors stay as they are.
 */
export async function explainOwner(
  error: unknown,
  { connection, repository }: { readonly connection: Connection; readonly repository: string },
  access: Pick<RegistryBrowser, 'owners' | 'explainDenied'>,
): Promise<unknown> {
  if (!(error instanceof TeaChestError)) return error;
  if (error.code === 'accessDenied') return await access.explainDenied(connection, error);
  if (error.code !== 'ownerNotFound') return error;
  const { names } = await access.owners(connection);
  const nearest = nearestName(repository.split('/')[0] ?? '', names);
  if (nearest === undefined) return error;
  return new TeaChestError(error.code, joinSentences(error.message, l10n.t`Did you mean “${nearest}”?`), {
    cause: error,
    ...(error.stage !== undefined && { stage: error.stage }),
    facts: { ...error.facts, suggestion: nearest },
  });
}
