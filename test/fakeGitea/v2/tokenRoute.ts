import type { Gitea } from '../gitea.ts';
import type { Authentication } from '../auth.ts';
import type { Exchange } from '../http/exchange.ts';
import type { Reply } from '../http/reply.ts';
import { scopeGrants } from '../model/scopes.ts';
import { challenge } from './challenge.ts';

/** GET /v2/token. Ignores `service`, `scope` and `account`. Without credentials it gives the ghost's token. */
export function tokenRoute(gitea: Gitea, exchange: Exchange, who: Exclude<Authentication, { kind: 'refused' }>): Reply {
  if (exchange.method !== 'GET') return { status: gitea.quirks.postTokenIs404 ? 404 : 405 };
  if (who.kind !== 'user') {
    const blocked = gitea.options.requireSignIn === true && gitea.quirks.requireSignInCoversToken;
    return blocked ? challenge(gitea, exchange) : tokenReply(gitea.tokens.issue(undefined, ''));
  }
  const scope = gitea.quirks.scopesEnforced ? (who.scope ?? '') : '';
  if (gitea.quirks.scopesCheckedAtToken && scope !== '' && !scopeGrants(scope, 'read:package')) {
    return challenge(gitea, exchange);
  }
  return tokenReply(gitea.tokens.issue(who.user, scope));
}

function tokenReply(token: string): Reply {
  return {
    status: 200,
    headers: { 'Content-Type': 'application/json;charset=utf-8' },
    body: `${JSON.stringify({ token })}\n`,
  };
}
