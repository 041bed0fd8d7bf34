import * as l10n from '@vscode/l10n';
import type { ErrorCode, TeaChestError } from '../../../core/base/errors.ts';
import type { ActionKind } from '../../errors/adviceTables.ts';
import { actionTitle, errorMessage } from '../../errors/errorMessages.ts';

const labels: Readonly<Partial<Record<ErrorCode, string>>> = {
  registryUnreachable: l10n.t('Cannot be reached'),
  proxyFailed: l10n.t('The proxy cannot be reached'),
  certificateChanged: l10n.t('The certificate changed'),
  certificateUntrusted: l10n.t('The certificate is not trusted'),
  certificateInvalid: l10n.t('The certificate is not valid'),
  clientCertificateNeeded: l10n.t('A client certificate is needed'),
  plainHttp: l10n.t('Speaks the other of http and https'),
  notARegistry: l10n.t('No registry answers there'),
  notSignedIn: l10n.t('Not signed in'),
  credentialsRejected: l10n.t('The sign-in is no longer accepted'),
  credentialsIgnored: l10n.t('The sign-in does not arrive'),
  oneTimePasswordNeeded: l10n.t('A token is needed'),
  scopeMissing: l10n.t('The token may not list this'),
  accessDenied: l10n.t('You may not see this'),
  registryFailed: l10n.t('The registry failed'),
  ownerNotFound: l10n.t('There is no such owner'),
  catalogRefused: l10n.t('Does not list its images'),
};

/** What a click on a note does. */
export type NoteRemedy = Extract<
  ActionKind,
  'signIn' | 'trustCertificate' | 'chooseClientCertificate' | 'reconnectCluster' | 'addOwner' | 'retry'
>;

/** The short label of a failure. The tooltip has the whole message. */
export function noteLabel({ code, facts }: TeaChestError): string {
  if (typeof facts['remadeCluster'] === 'string') return l10n.t('The cluster seems to have been made anew');
  if (facts['account'] === 'mustChangePassword') return l10n.t('The password must be changed');
  if (typeof facts['account'] === 'string') return l10n.t('The account is refused');
  if (facts['api'] === false) return l10n.t('The REST API was not found');
  if (facts['gitea'] === true) return l10n.t('Packages are switched off');
  return labels[code] ?? l10n.t('Could not be listed');
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
