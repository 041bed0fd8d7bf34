import type { Digest } from '../../oci/digest.ts';
import { headBlob } from '../blobs/headBlob.ts';
import type { RegistryResponse } from '../http/httpTypes.ts';
import type { Timing } from '../http/retry.ts';
import { store } from './sendAndVerify.ts';
import { commitSession, toError, type RepositoryContext } from './uploadSession.ts';

/**
 * Closes a session that has all bytes as a blob. Where the answer was lost, a look shows whether the blob is there before
 * the request is sent again: a registry knows a session no more that it has closed. Resolves with the answer, or with
 * undefined if the blob was seen.
 */
export async function commitUpload(
  context: RepositoryContext,
  session: URL,
  { digest, size }: { readonly digest: Digest; readonly size: number },
  { signal, timing }: { readonly signal: AbortSignal; readonly timing: Timing },
): Promise<RegistryResponse | undefined> {
  return store({
    attempt: async () => commitSession(context, session, digest, signal, { retry: 'never' }),
    look: async () => (await headBlob(context, digest, signal, { retry: 'never' })) === size,
    explain: (answer) => toError(context, answer, 'PUT', `store a layer of ${context.repository}`),
    what: `A layer of ${context.repository}`,
    ...{ timing, signal, logger: context.logger },
  });
}
