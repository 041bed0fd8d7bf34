import type { Digest } from '../oci/digest.ts';
import { headBlob } from './blobAnswers.ts';
import type { RegistryResponse } from './messages.ts';
import type { Timing } from './retry.ts';
import { store } from './storing.ts';
import { commitSession, refused, type RepositoryWire } from './uploadSession.ts';

/**
 * Closes a session that has all bytes as a blob. Where the answer was lost, a look shows whether the blob is there before
 * the request is sent again: a registry knows a session no more that it has closed. Resolves with the answer, or with
 * undefined if the blob was seen.
 */
export async function commitUpload(
  wire: RepositoryWire,
  session: URL,
  { digest, size }: { readonly digest: Digest; readonly size: number },
  { signal, timing }: { readonly signal: AbortSignal; readonly timing: Timing },
): Promise<RegistryResponse | undefined> {
  return store({
    attempt: async () => commitSession(wire, session, digest, signal, { retry: 'never' }),
    look: async () => (await headBlob(wire, digest, signal, { retry: 'never' })) === size,
    explain: (answer) => refused(wire, answer, 'PUT', `store a layer of ${wire.repository}`),
    what: `A layer of ${wire.repository}`,
    ...{ timing, signal, logger: wire.logger },
  });
}
