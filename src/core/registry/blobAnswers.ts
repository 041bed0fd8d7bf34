import { TeaChestError } from '../base/errors.ts';
import { digestOf, type Digest } from '../oci/digest.ts';
import { header, type RegistryRequest, type RegistryResponse } from './messages.ts';
import { isWebPage } from './refusal.ts';
import { refused, repositoryScopes, repositoryUrl, type RepositoryWire } from './uploadSession.ts';

const emptyDigest = digestOf(new Uint8Array());

/** Throws `digestMismatch` if the registry says it stored something else. Gitea 1.25.0–1.25.2 may say nothing (#36021). */
export function checkStoredDigest(wire: RepositoryWire, response: RegistryResponse, digest: Digest): void {
  const stored = header(response, 'docker-content-digest');
  if (stored === undefined || stored === '' || stored === digest) return;
  const { host } = new URL(wire.origin);
  throw new TeaChestError('digestMismatch', `${host} stored ${stored} where ${digest} was sent.`, {
    facts: { host, stored, sent: digest },
  });
}

/** Size in bytes of a blob of this repository; undefined if it has none of that digest. */
export async function headBlob(
  wire: RepositoryWire,
  digest: Digest,
  signal: AbortSignal,
  options: Pick<RegistryRequest, 'retry'> = {},
): Promise<number | undefined> {
  const response = await wire.send({
    method: 'HEAD',
    url: repositoryUrl(wire, `blobs/${digest}`),
    signal,
    scopes: repositoryScopes(wire),
    ...options,
  });
  if (response.status === 404) return undefined;
  if (response.status !== 200 || isWebPage(response)) {
    throw refused(wire, response, 'HEAD', `look for a layer in ${wire.repository}`);
  }
  const length = header(response, 'content-length');
  // Go leaves the length of nothing away.
  if (length === undefined && digest === emptyDigest) return 0;
  // Without a length nobody can say that it is the whole blob: take it as not there, and send it.
  return length !== undefined && /^\d+$/.test(length) ? Number(length) : undefined;
}

/** A session that the registry gave and does not know any more, or of which it counts other bytes than were sent. */
export function isSessionLost({ code, facts }: TeaChestError): boolean {
  return code === 'uploadLost' || facts['status'] === 404 || facts['status'] === 416;
}
