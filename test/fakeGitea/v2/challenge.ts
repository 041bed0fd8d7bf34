import type { Gitea } from '../gitea.ts';
import type { Exchange } from '../http/exchange.ts';
import { textReply, type Reply } from '../http/reply.ts';
import type { Owner } from '../model/directory.ts';
import { publicUrl } from '../publicUrl.ts';
import { registryJson } from './errors.ts';

/** 401 with the realm for a token. The realm is wrong if the installation is configured wrongly. */
export function challenge(gitea: Gitea, exchange: Exchange, owner?: Owner): Reply {
  const bearer = `Bearer realm="${realmBase(gitea, exchange)}/v2/token",service="container_registry",scope="*"`;
  const basic = 'Basic realm="Gitea Container Registry"';
  const hidden = gitea.options.requireSignIn === true || (owner !== undefined && owner.visibility !== 'public');
  const offered: Record<typeof gitea.quirks.basicChallenge, string | string[]> = {
    never: bearer,
    always: [bearer, basic],
    whenHidden: hidden ? [bearer, basic] : bearer,
    sameHeader: `${bearer}, ${basic}`,
  };
  const body = { errors: [{ code: 'UNAUTHORIZED', message: '' }] };
  return registryJson(401, body, { 'WWW-Authenticate': offered[gitea.quirks.basicChallenge] });
}

/** Wrong credentials. Old versions refuse them without naming the realm for a token. */
export function credentialsRefused(gitea: Gitea, exchange: Exchange, owner?: Owner): Reply {
  const { authFailure, closesAfterRefusal } = gitea.quirks;
  if (typeof authFailure === 'object') return textReply(401, authFailure.text);
  return { ...challenge(gitea, exchange, owner), closes: closesAfterRefusal };
}

/** Gitea's own URL, as it is configured. /v2 has no sub-path, but some versions add it here. */
function realmBase(gitea: Gitea, exchange: Exchange): string {
  const known = publicUrl(gitea, exchange);
  return gitea.quirks.subPathInRealm ? known : new URL(known).origin;
}
