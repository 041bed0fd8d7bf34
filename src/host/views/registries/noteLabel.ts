import type { ErrorCode, TeaChestError } from '../../../core/base/errors.ts';
import { actionTitle, errorMessage, type ActionKind } from '../../progress/errorMessages.ts';

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
};

/** What a click on a note in place of children does. */
export type NoteRemedy = Extract<ActionKind, 'signIn' | 'trustCertificate' | 'chooseClientCertificate' | 'retry'>;

/** Few words for a row of the view; the whole story is its tooltip. */
export function noteLabel({ code }: TeaChestError): string {
  return labels[code] ?? 'Could not be listed';
}

/** The first remedy of the failure that the view can offer. Looking again is always one. */
export function noteRemedy(error: TeaChestError): { readonly kind: NoteRemedy; readonly title: string } {
  const kind = errorMessage(error).actions.find(isRemedy) ?? 'retry';
  return { kind, title: actionTitle(kind, error.code) };
}

function isRemedy(kind: ActionKind): kind is NoteRemedy {
  const remedies: readonly ActionKind[] = ['signIn', 'trustCertificate', 'chooseClientCertificate', 'retry'];
  return remedies.includes(kind);
}
