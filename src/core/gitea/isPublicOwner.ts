import { parseJson } from '../base/json.ts';
import type { Send } from '../registry/http/httpTypes.ts';
import { userSchema } from './restRows.ts';

/**
 * True if everybody may see an owner, and so pull its images: an image is as visible as its owner (models/packages,
 * `HasOwnerPackageAccess`). The request has no credential: that needs no scope, and a server with REQUIRE_SIGNIN_VIEW rejects
 * it. Organizations are users to this route. False if the server does not say.
 */
export async function isPublicOwner(
  owner: string,
  options: { readonly send: Send; readonly webRoot: string; readonly signal: AbortSignal },
): Promise<boolean> {
  const url = new URL(`${options.webRoot}/api/v1/users/${encodeURIComponent(owner.toWellFormed())}`);
  const headers = { accept: 'application/json' };
  const answer = await options.send({ method: 'GET', url, headers, signal: options.signal });
  return answer.status === 200 && parseJson(userSchema, answer.body)?.visibility === 'public';
}
