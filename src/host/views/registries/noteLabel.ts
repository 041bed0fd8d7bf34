import type { ErrorCode, TeaChestError } from '../../../core/base/errors.ts';
import { actionTitle, errorMessage, type ActionKind } from '../../errors/errorMessages.ts';

const labels: Readonly<Partial<Record<ErrorCode, string>>> = {
  registryUnreachable: 'Cannot be reached',
  proxyFailed: 'The proxy cannot be reached',
  certificateChanged: 'The certificate changed',
  certificateUntrusted: 'The certificate is not trusted',
  certificateInvalid: 'The certificate is not valid',
  clientCertificateNeeded: 'A client certificate is needed',
  plainHttp: 'Speaks the other of http and https',
  notARegistry: 'No registry answers there',
  notSignedIn: 'Not signed in',
  credentialsRejected: 'The sign-in is no longer accepted',
  credentialsIgnored: 'The sign-in does not arrive',
  oneTimePasswordNeeded: 'A token is needed',
  scopeMissing: 'The token may not list this',
  accessDenied: 'You may not see this',
  registryFailed: 'The registry failed',
  ownerNotFound: 'There is no such owner',
  catalogRefused: 'Does not list its images',
};

/** What a click on a note does. */
export type NoteRemedy = Extract<
  ActionKind,
  'signIn' | 'trustCertificate' | 'chooseClientCertificate' | 'reconnectCluster' | 'addOwner' | 'retry'
>;

/** The short label of a failure. The tooltip has the whole message. */
export function noteLabel({ code, facts }: TeaChestError): string {
  if (typeof facts['remadeCluster'] === 'string') return 'The cluster seems to have been made anew';
  if (facts['account'] === 'mustChangePassword') return 'The password must be changed';
  if (typeof facts['account'] === 'string') return 'The account is refused';
  if (facts['api'] === false) return 'The REST API was not found';
  if (facts['gitea'] === true) return 'Packages are switched off';
  return labels[code] ?? 'Could not be listed';
}

/** The first remedy of the failure that the view offers; otherwise `retry`. */
export function noteRemedy(error: TeaChestError): { readonly kind: NoteRemedy; readonly title: string } {
  const kind = errorMessage(error).actions.find(isRemedy) ?? 'retry';
  return { kind, title: actionTitle(kind, error.code) };
}

function isRemedy(kind: ActionKind): kind is NoteRemedy {
  const remedies: readonly ActionKind[] = [
    'signIn',
    'trustCertificate',
    'chooseClientCertificate',
    'reconnectCluster',
    'addOwner',
    'retry',
  ];
  return remedies.includes(kind);
}
