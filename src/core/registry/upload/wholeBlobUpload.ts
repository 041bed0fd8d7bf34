import { TeaChestError } from '../../base/errors.ts';
import type { Digest } from '../../oci/digest.ts';
import { octetStream } from '../../oci/mediaTypes.ts';
import { checkStoredDigest, headBlob, isSessionLost } from '../blobs/headBlob.ts';
import type { RegistryResponse, RequestBody } from '../http/httpTypes.ts';
import type { Timing } from '../http/retry.ts';
import { isStored, store } from './sendAndVerify.ts';
import { isWebPage } from '../errors/errorResponse.ts';
import type { SignInResult } from '../types.ts';
import { uploadLocation } from './uploadLocation.ts';
import {
  closeSession,
  commitSession,
  openSession,
  toError,
  repositoryScopes,
  repositoryUrl,
  type RepositoryContext,
} from './uploadSession.ts';

/** A blob that is there to its end, and can be read again. */
export interface WholeBlob {
  readonly digest: Digest;
  readonly size: number;
  open(): AsyncIterable<Uint8Array>;
}

export interface WholeBlobOptions {
  readonly signal: AbortSignal;
  readonly onSent: (bytes: number) => void;
  readonly timing: Timing;
}

/**
 * Sends a blob in one request. Gitea takes it with the POST (`?digest=`, docs/gitea.md §2); elsewhere that is optional, and
 * distribution ignores it, so: a session, and the bytes with its PUT. Each try has a session of its own, since one into
 * which a body broke is of no use. Rejects with `bodyTooLarge` where something on the way limits requests.
 */
export async function sendWholeBlob(
  context: RepositoryContext,
  kind: SignInResult['kind'],
  blob: WholeBlob,
  { signal, onSent, timing }: WholeBlobOptions,
): Promise<void> {
  const method = kind === 'generic' ? 'PUT' : 'POST';
  const send = kind === 'generic' ? putInNewSession : postWhole;
  const response = await store({
    attempt: async () => send(context, blob.digest, counted(blob, onSent), signal),
    look: async () => (await headBlob(context, blob.digest, signal, { retry: 'never' })) === blob.size,
    explain: (answer) => toError(context, answer, method, `store a layer of ${context.repository}`),
    mayStartAnew: (failure) => isSessionLost(failure) && kind === 'generic',
    what: `A layer of ${context.repository}`,
    ...{ timing, signal, logger: context.logger },
  });
  if (response !== undefined) checkStoredDigest(context, response, blob.digest);
  onSent(blob.size);
}

async function postWhole(
  context: RepositoryContext,
  digest: Digest,
  body: RequestBody,
  signal: AbortSignal,
): Promise<RegistryResponse> {
  const url = repositoryUrl(context, 'blobs/uploads/');
  url.search = `digest=${digest}`;
  const headers = { 'content-type': octetStream };
  const scopes = repositoryScopes(context);
  const response = await context.send({ method: 'POST', url, headers, body, signal, scopes, retry: 'never' });
  // The distribution spec lets a registry open a session instead of taking the bytes.
  if (response.status !== 202 || isWebPage(response)) return response;
  return putInSession(context, uploadLocation(response, context.origin), { digest, body }, signal);
}

async function putInNewSession(
  context: RepositoryContext,
  digest: Digest,
  body: RequestBody,
  signal: AbortSignal,
): Promise<RegistryResponse> {
  const session = await openSession(context, signal);
  if (session === undefined) throw new TeaChestError('internal', 'An upload was mounted that asked for no mount.');
  return putInSession(context, session, { digest, body }, signal);
}

async function putInSession(
  context: RepositoryContext,
  session: URL,
  { digest, body }: { readonly digest: Digest; readonly body: RequestBody },
  signal: AbortSignal,
): Promise<RegistryResponse> {
  let isClosed = false;
  try {
    const response = await commitSession(context, session, digest, signal, { body, retry: 'never' });
    isClosed = isStored(response);
    return response;
  } finally {
    if (!isClosed) await closeSession(context, session, signal);
  }
}

/** `onSent` follows the bytes as they are handed to the connection, and goes back with each try. */
function counted(blob: WholeBlob, onSent: (bytes: number) => void): RequestBody {
  return {
    length: blob.size,
    async *open() {
      let sent = 0;
      onSent(sent);
      for await (const bytes of blob.open()) {
        yield bytes;
        sent += bytes.byteLength;
        onSent(sent);
      }
    },
  };
}
