import type { Digest } from '../../oci/digest.ts';
import type { PushUploads } from '../uploadsInFlight.ts';
import { wanting, type Destination } from './layerUpload.ts';

type OwnUpload = Extract<Awaited<ReturnType<PushUploads['claimLayer']>>, { kind: 'own' }>;

/** The right to send a layer to the repositories that lack it. Other pushes of this window that need it there wait. */
export interface LayerClaim {
  /** To be called once the layer was sent, or could not be. */
  readonly end: () => void;
}

/**
 * Claims a layer in each repository that lacks it. Where another push of this window is sending it already, that is waited
 * for: its blob is proved there. Undefined if nothing is left to send.
 */
export async function claimLayer(
  destinations: readonly Destination[],
  diffId: Digest,
  signal: AbortSignal,
): Promise<LayerClaim | undefined> {
  const claims: { readonly own: OwnUpload; readonly members: readonly Destination[] }[] = [];
  const end = (): void => {
    for (const { own, members } of claims) {
      const stored = members.map(({ ledger }) => ledger.stored(diffId)).find((one) => one !== undefined);
      if (stored === undefined) own.failed();
      else own.done(stored.descriptor);
    }
  };
  try {
    for (const members of byRepository(wanting(destinations, diffId))) {
      const [{ context }] = members;
      const claim = await context.blobs.uploads.claimLayer({ diffId, codecId: context.request.codec.id }, signal);
      if (claim.kind === 'own') claims.push({ own: claim, members });
      else {
        for (const { ledger } of members) {
          ledger.claimStored({ diffId, descriptor: claim.result, proof: 'hashedHere' }, 'exists');
        }
      }
    }
  } catch (error) {
    end();
    throw error;
  }
  return claims.length === 0 ? undefined : { end };
}

/** In the same order for every push, so that two of them never wait for each other. */
function byRepository(destinations: readonly Destination[]): readonly (readonly [Destination, ...Destination[]])[] {
  const groups = new Map<string, [Destination, ...Destination[]]>();
  for (const destination of destinations) {
    const { request, target } = destination.context;
    const key = `${request.origin} ${target.repository}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [destination]);
    else group.push(destination);
  }
  return [...groups].sort(([one], [other]) => (one < other ? -1 : 1)).map(([, members]) => members);
}
