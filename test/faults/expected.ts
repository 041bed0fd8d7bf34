import type { ErrorCode } from '../../src/core/base/errors.ts';
import type { FaultRow } from './faultList.ts';
import type { RegistryType } from './faultRig.ts';
import type { RequestKind } from './requestKinds.ts';

export type Frequency = 'once' | 'always';

/** What a push may come to. `image`: it succeeds, and the image is right. */
export type Outcome = 'image' | ErrorCode;

/** What passes: the same request may succeed the next time. */
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

/** Without these a push only sends more than it had to. Closing a session matters to the registry alone. */
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
 * What a push may come to with this fault. A transient one that may be gone the next time ends in the right image; so
 * does any at a question that is not needed. All else may also end in an error that says why.
 */
export function expectedOutcomes(kind: RequestKind, fault: string, often: Frequency): readonly Outcome[] {
  const must: readonly Outcome[] = ['image'];
  if (harmless.has(fault)) return must;
  if (often === 'once' && transient.has(fault) && !(kind === 'token' && fault === '401 expired')) return must;
  if (often === 'once' && fault.startsWith('413') && kind === 'PATCH') return must;
  // When a registry is down, it is down for all that follows.
  if (optional.has(kind) && fault !== 'refused' && isAboutThisRequest(fault, often)) return must;
  // The work is done each time: who looks finds it.
  if (fault === 'answer lost after it was done' && (kind === 'PUT blob' || kind === 'PUT manifest')) return must;
  // Basic credentials do not expire: at the token's place a 401 is about the credential or its scope.
  if (kind === 'token' && fault.startsWith('401'))
    return ['image', 'credentialsRejected', 'scopeMissing', 'accessDenied'];
  // A whole and good answer, but for another size than the blob has: the check before publishing ends that push.
  if (kind === 'HEAD blob' && fault === '200, body cut off') return ['image', 'imageMismatch'];
  const known = codes[fault];
  if (known === undefined) throw new Error(`there is no expectation for the fault “${fault}”`);
  return ['image', ...known];
}

/** A refusal of one question says nothing of the others; a server that fails always may be believed. */
function isAboutThisRequest(fault: string, often: Frequency): boolean {
  return often === 'once' || /^(401 req|40[345]|41|501|answer lost|200|wrong)/.test(fault);
}

/**
 * Where nobody could close the session: its address never reached us, no request gets through any more, or the registry
 * keeps what was torn (docker-registry 2.8 refuses to delete it; test/integration/registry/distribution.test.ts).
 */
export function mayLeaveSession(
  kind: RequestKind,
  { name, isDone }: FaultRow,
  { registry, isUploadBesideTorn }: { readonly registry: RegistryType; readonly isUploadBesideTorn: boolean },
): boolean {
  if (kind === 'DELETE session' || kind === 'token' || name === 'refused') return true;
  const isTorn = /^(reset during|answer lost|413 by reset|half-open)/.test(name);
  // It answers 404 to a DELETE with the address from before a PATCH of which the answer did not reach us.
  if (registry === 'distribution' && (isUploadBesideTorn || (kind === 'PATCH' && isTorn))) return true;
  return isDone === true && (kind === 'POST session' || kind === 'POST mount') && name.startsWith('answer lost');
}
