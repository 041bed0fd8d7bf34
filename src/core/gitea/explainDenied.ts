import * as l10n from '@vscode/l10n';
import { isCancelled, TeaChestError } from '../base/errors.ts';
import type { GiteaApi } from './giteaApi.ts';
import type { ApiCall } from './restClient.ts';

/**
 * Says why Gitea does not let a person write to an owner. The registry's own answer is the same for a missing right, a token
 * without the scope, and an account that may not sign in (401 `reqPackageAccess`); the REST API tells them apart. Other errors
 * stay as they are, and so does this one if the token may not ask.
 */
export async function explainDenied(
  error: TeaChestError,
  api: Pick<GiteaApi, 'ownOwners'>,
  call: ApiCall,
): Promise<TeaChestError> {
  const { owner, host = '' } = error.facts;
  if (error.code !== 'accessDenied' || error.facts.status !== 401 || typeof owner !== 'string') return error;
  try {
    const { owners, complete } = await api.ownOwners(call);
    if (!complete) return error;
    const own = owners.find(({ name }) => name === owner.toLowerCase());
    if (own?.mayPush === true) return error;
    return because(
      error,
      own === undefined
        ? l10n.t`You may not push to “${owner}” on ${String(host)}. It is not you, and you are in none of its teams.`
        : l10n.t`You may not push to “${owner}” on ${String(host)}. You are a member, but none of your teams there may write packages. Whoever owns the organization can change that in the settings of your team: Packages, Write.`,
    );
  } catch (refusal) {
    if (isCancelled(refusal)) throw refusal;
    const isAccount = refusal instanceof TeaChestError && refusal.facts['account'] !== undefined;
    return isAccount ? because(error, refusal.message, refusal.facts['account']) : error;
  }
}

function because(error: TeaChestError, message: string, account?: unknown): TeaChestError {
  return new TeaChestError(error.code, message, {
    cause: error,
    ...(error.stage !== undefined && { stage: error.stage }),
    facts: { ...error.facts, ...(typeof account === 'string' && { account }) },
  });
}
