import type { ErrorCode } from '../../src/core/base/errors.ts';
import type { FaultRow } from './faultList.ts';
import type { RegistryType } from './faultRig.ts';
import type { RequestKind } from './requestKinds.ts';

export type Frequency = 'once' | 'always';

/** The outcomes of a push. `image`: it succeeds, and the image is right. */
export type Outcome = 'image' | ErrorCode;

/** Transient faults: the same request may succeed the next time. */
const transient = new Set([
  'refused',
  'reset before the body',
  'reset during the body',
  'reset after the body',
  'answer lost after it was done',
  'slow answer',
  '401 expired',
  '408',
  '429 Retry-After',
  '500 empty',
  '502 HTML',
  '503 HTML',
  '504 HTML',
  'redirect, same origin',
  'no Docker-Content-Digest',
  '200, body cut off',
  'stall after the body',
  'half-open: nothing is read',
]);

/** Faults with which every push succeeds, however often they come. */
const harmless = new Set(['slow answer', 'redirect, same origin', 'no Docker-Content-Digest']);

/** Requests that only save bytes, or that only the registry needs (closing a session). */
const optional = new Set<RequestKind>(['POST mount', 'GET', 'DELETE session']);

const unreachable: readonly ErrorCode[] = ['registryUnreachable'];
const notTheRegistry: readonly ErrorCode[] = ['notARegistry', 'registryRefused', 'registryUnreachable'];

const codes: Readonly<Record<string, readonly ErrorCode[]>> = {
  refused: unreachable,
  'reset before the body': unreachable,
  'reset during the body': unreachable,
  'reset after the body': unreachable,
  'answer lost after it was done': [...unreachable, 'uploadLost'],
  'slow answer': [],
  '101': [...notTheRegistry, 'registryFailed'],
  '401 expired': ['credentialsRejected', 'accessDenied', 'notSignedIn'],
  '401 reqPackageAccess': ['accessDenied', 'credentialsRejected'],
  '403 empty': ['quotaExceeded', 'accessDenied', 'scopeMissing', 'credentialsRejected'],
  '403 quota': ['quotaExceeded', 'accessDenied', 'scopeMissing', 'credentialsRejected'],
  '403 HTML': ['accessDenied', 'registryRefused', 'notARegistry', 'credentialsRejected'],
  '404 text': ['registryRefused', 'uploadLost', 'notARegistry', 'ownerNotFound', 'digestMismatch'],
  '405': ['registryRefused', 'notARegistry'],
  '408': ['registryFailed', 'registryRefused', 'registryUnreachable'],
  '413 HTML': ['bodyTooLarge', 'registryRefused', 'notARegistry'],
  '413 text': ['bodyTooLarge', 'registryRefused', 'notARegistry'],
  '413 JSON': ['bodyTooLarge', 'registryRefused', 'notARegistry'],
  '413 by reset': ['bodyTooLarge', 'registryUnreachable'],
  '416': ['registryRefused', 'uploadLost', 'notARegistry'],
  '429 Retry-After': ['registryFailed'],
  '500 empty': ['registryFailed'],
  '501': ['registryFailed', 'registryRefused', 'notARegistry'],
  '502 HTML': ['registryFailed'],
  '503 HTML': ['registryFailed'],
  '504 HTML': ['registryFailed'],
  'redirect, same origin': [],
  'redirect, other origin': [...notTheRegistry, 'digestMismatch', 'plainHttp'],
  'redirect to a sign-in page': [...notTheRegistry, 'digestMismatch', 'plainHttp'],
  'redirect loop': notTheRegistry,
  'wrong Docker-Content-Digest': ['digestMismatch'],
  'no Docker-Content-Digest': [],
  '200, body cut off': [...notTheRegistry, 'registryFailed', 'uploadLost', 'digestMismatch'],
  '200 HTML': [...notTheRegistry, 'uploadLost', 'digestMismatch', 'registryFailed'],
  'stall after the body': unreachable,
  'half-open: nothing is read': unreachable,
  'endless drip': [...notTheRegistry, 'registryFailed'],
};

/**
 * The allowed outcomes of a push with this fault. After a transient fault, or a fault at a request that is not needed, the
 * image must be right. After any other the push may also fail with an error that says why.
 */
export function expectedOutcomes(kind: RequestKind, fault: string, often: Frequency): readonly Outcome[] {
  const must: readonly Outcome[] = ['image'];
  if (harmless.has(fault)) return must;
  if (often === 'once' && transient.has(fault) && !(kind === 'token' && fault === '401 expired')) return must;
  if (often === 'once' && fault.startsWith('413') && kind === 'PATCH') return must;
  // A registry that is down does not answer later requests either.
  if (optional.has(kind) && fault !== 'refused' && isAboutThisRequest(fault, often)) return must;
  // The request was handled each time: a HEAD finds the object.
  if (fault === 'answer lost after it was done' && (kind === 'PUT blob' || kind === 'PUT manifest')) return must;
  // Basic credentials do not expire: a 401 of the token request is about the credential or its scope.
  if (kind === 'token' && fault.startsWith('401'))
    return ['image', 'credentialsRejected', 'scopeMissing', 'accessDenied'];
  // A valid response with a wrong size: the check before publishing ends that push.
  if (kind === 'HEAD blob' && fault === '200, body cut off') return ['image', 'imageMismatch'];
  const known = codes[fault];
  if (known === undefined) throw new Error(`there is no expectation for the fault “${fault}”`);
  return ['image', ...known];
}

/** After a refusal other requests may succeed; after permanent server errors the push may fail. */
function isAboutThisRequest(fault: string, often: Frequency): boolean {
  return often === 'once' || /^(401 req|40[345]|41|501|answer lost|200|wrong)/.test(fault);
}

/**
 * True if the session cannot be closed: we never got its URL, no request arrives any more, or the registry keeps an
 * interrupted session (docker-registry 2.8 refuses to delete it; test/integration/registry/distribution.test.ts).
 */
export function mayLeaveSession(
  kind: RequestKind,
  { name, isDone }: FaultRow,
  { registry, isUploadBesideTorn }: { readonly registry: RegistryType; readonly isUploadBesideTorn: boolean },
): boolean {
  if (kind === 'DELETE session' || kind === 'token' || name === 'refused') return true;
  const isTorn = /^(reset during|answer lost|413 by reset|half-open)/.test(name);
  // It answers 404 to a DELETE with the URL from before a PATCH whose response was lost.
  if (registry === 'distribution' && (isUploadBesideTorn || (kind === 'PATCH' && isTorn))) return true;
  return isDone === true && (kind === 'POST session' || kind === 'POST mount') && name.startsWith('answer lost');
}
