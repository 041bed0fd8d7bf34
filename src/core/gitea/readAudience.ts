import { parseJson } from '../base/json.ts';
import type { Send } from '../registry/http/httpTypes.ts';
import type { GiteaApi } from './giteaApi.ts';
import { userSchema, type Visibility } from './restRows.ts';

/** Who can pull the images of an owner: everybody, whoever is signed in to the server, or the owner's own people. */
export type Audience = 'everybody' | 'signedIn' | 'members';

/**
 * An image is as visible as its owner (models/packages, `HasOwnerPackageAccess`). Everybody can pull if a request without a
 * credential shows a public owner: that needs no scope, and a server with REQUIRE_SIGNIN_VIEW refuses it. Otherwise the
 * visibility that the token may read decides. Organizations are users to this route. Undefined if the server does not say.
 */
export async function readAudience(
  owner: string,
  options: {
    /** Without a credential. */
    readonly send: Send;
    readonly webRoot: string;
    readonly api: Pick<GiteaApi, 'visibilityOf'>;
    readonly signal: AbortSignal;
  },
): Promise<Audience | undefined> {
  const { send, webRoot, api, signal } = options;
  const url = new URL(`${webRoot}/api/v1/users/${encodeURIComponent(owner.toWellFormed())}`);
  const answer = await send({ method: 'GET', url, headers: { accept: 'application/json' }, signal });
  const shown = answer.status === 200 ? parseJson(userSchema, answer.body)?.visibility : undefined;
  return shown === 'public' ? 'everybody' : audienceIfClosed(await api.visibilityOf(owner, { signal }));
}

/** Of an owner that nobody sees without signing in. */
export function audienceIfClosed(visibility: Visibility | undefined): Audience | undefined {
  if (visibility === undefined) return undefined;
  return visibility === 'private' ? 'members' : 'signedIn';
}
