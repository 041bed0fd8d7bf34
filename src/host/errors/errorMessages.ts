import * as l10n from '@vscode/l10n';
import { joinSentences } from '../../core/base/joinSentences.ts';
import type { ErrorCode, Stage, TeaChestError } from '../../core/base/errors.ts';
import { adviceByCode, browseAdvice, pullAdvice, type ActionKind, type Advice } from './adviceTables.ts';

export interface ErrorMessage {
  /** What happened, mostly by the error's own message, and then what to do next. */
  readonly message: string;
  /** At most three: a notification has room for no more. */
  readonly actions: readonly ActionKind[];
}

/** Stages before which the registry has answered this push: its address is right. */
const stagesAfterContact: ReadonlySet<Stage | undefined> = new Set<Stage>([
  'export',
  'verify',
  'spool',
  'upload',
  'manifest',
  'check',
]);

function adviceByStage(stage: Stage | undefined): Readonly<Partial<Record<ErrorCode, Advice>>> | undefined {
  if (stage === 'browse') return browseAdvice;
  return stage === 'pull' ? pullAdvice : undefined;
}

/** What to do next, by the code and some facts. */
function adviceFor({ code, stage, facts }: TeaChestError): Advice {
  const usual = adviceByStage(stage)?.[code] ?? adviceByCode[code];
  if (code === 'enginePermission' && facts['isMember'] === true) {
    const next = l10n.t(
      'In a remote window, run “Kill VS Code Server on Host…” of its extension and connect again; else sign out of this machine and in again.',
    );
    return { next, actions: ['retry'] };
  }
  if (typeof facts['remadeCluster'] === 'string') {
    const next = l10n.t`The idpbuilder cluster “${facts['remadeCluster']}” seems to have been made anew, with another password and another certificate. Reconnect to it.`;
    return { next, actions: ['reconnectCluster', ...usual.actions.slice(0, 1), 'showLog'] };
  }
  if (typeof facts['cluster'] === 'string') {
    const next = l10n.t('Check that the cluster is running and that idpbuilder has finished.');
    return { next, actions: ['retry', 'signIn', 'showLog'] };
  }
  if (facts['isMissing'] === true)
    return { next: l10n.t('Select another engine.'), actions: ['selectEngine', 'retry'] };
  // The message says what to do about the account or the sign-in page; another owner or address does not help.
  if (typeof facts['account'] === 'string') return { next: '', actions: ['retry', 'signIn'] };
  if (typeof facts['signInPage'] === 'string') {
    return { next: l10n.t('Ask whoever runs the registry.'), actions: ['retry', 'signIn', 'showLog'] };
  }
  if (typeof facts['published'] === 'string') {
    return {
      next: l10n.t({
        message: 'Push it again in a while: only what is missing is sent.',
        comment: '“It” is the image',
      }),
      actions: ['retry', 'showLog'],
    };
  }
  if (code === 'registryUnreachable' && stagesAfterContact.has(stage)) {
    const next = l10n.t({
      message: 'It was reachable before: check your network and VPN, and try again. Layers that arrived are kept.',
      comment: '“It” is the registry',
    });
    return { ...usual, next };
  }
  if (code === 'tlsRefused' && facts.mayWantClientCertificate === true) {
    return { next: usual.next, actions: ['chooseClientCertificate', ...usual.actions] };
  }
  // The message names the address that works.
  if (code === 'plainHttp' && typeof facts['suggestion'] === 'string')
    return {
      ...usual,
      next: l10n.t({ message: 'Try that address.', comment: 'The address that the sentence before names' }),
    };
  return usual;
}

/** The message and buttons for an error. The caller leaves out the buttons that do not apply. */
export function errorMessage(error: TeaChestError): ErrorMessage {
  const { next, actions } = adviceFor(error);
  const { host, pinnedFingerprint, remadeCluster } = error.facts;
  if (typeof host === 'string' && remadeCluster !== undefined && error.code === 'certificateChanged') {
    return {
      message: joinSentences(l10n.t`${host} shows another certificate than the one you trusted.`, next),
      actions,
    };
  }
  if (error.code === 'certificateChanged' && typeof host === 'string' && typeof pinnedFingerprint === 'string') {
    // The error's own sentences have both fingerprints, for the log; here the button shows them, in groups.
    const message = l10n.t`${host} shows another certificate than the one you trusted: look at it before you go on, somebody may be listening in.`;
    return { message, actions };
  }
  return { message: joinSentences(error.message, next), actions };
}

const titles: Readonly<Record<ActionKind, string>> = {
  retry: l10n.t('Retry'),
  signIn: l10n.t('Sign In'),
  createToken: l10n.t('Create a Token'),
  changeTarget: l10n.t('Change Target'),
  choosePlatform: l10n.t({ message: 'Choose', comment: 'Button: choose which platform of an image' }),
  trustCertificate: l10n.t('Show Certificate'),
  chooseClientCertificate: l10n.t('Choose Client Certificate…'),
  reconnectCluster: l10n.t('Reconnect'),
  selectEngine: l10n.t('Select Engine…'),
  openSpoolSettings: l10n.t('Choose Folder'),
  openProxySettings: l10n.t('Proxy Settings'),
  openCheckSettings: l10n.t('Open Settings'),
  engineHelp: l10n.t('Engine Help'),
  permissionHelp: l10n.t('How to Fix'),
  refreshImages: l10n.t('Refresh Images'),
  refreshRegistries: l10n.t('Refresh Registries'),
  addOwner: l10n.t({ message: 'Add…', comment: 'Button: add a repository to the list by its name' }),
  showDetails: l10n.t('Show Details'),
  showLog: l10n.t('Show Log'),
};

/** The text of a button, which depends on the code for some of them. */
export function actionTitle(kind: ActionKind, code: ErrorCode): string {
  if (kind === 'changeTarget' && (code === 'ownerNotFound' || code === 'accessDenied'))
    return l10n.t('Choose Another Owner');
  if (kind === 'signIn' && (code === 'credentialsRejected' || code === 'scopeMissing')) return l10n.t('Sign In Again');
  return titles[kind];
}
