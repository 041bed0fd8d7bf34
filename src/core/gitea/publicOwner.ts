import type { Send } from '../registry/http/httpTypes.ts';
import { asText, parseJsonObject } from './restJson.ts';

/**
 * True if everybody who can reach the server may see an owner, and so may pull what is pushed there: an image is as
 * visible as its owner (models/packages, `HasOwnerPackageAccess`). It is asked without a sign-in, as everybody would:
 * that needs no scope, and a server that wants everybody to sign in says so (REQUIRE_SIGNIN_VIEW). Organizations are
 * users to this route. False as well where the server does not tell.
 */
export async function isPublicOwner(
  owner: string,
  options: { readonly send: Send; readonly webRoot: string; readonly signal: AbortSignal },
): Promise<boolean> {
  const url = new URL(`${options.webRoot}/api/v1/users/${encodeURIComponent(owner.toWellFormed())}`);
  const headers = { accept: 'application/json' };
  const answer = await options.send({ method: 'GET', url, headers, signal: options.signal });
  return answer.status === 200 && asText(parseJsonObject(answer.body)['visibility']) === 'public';
}
