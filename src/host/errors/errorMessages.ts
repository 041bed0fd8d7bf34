import * as l10n from '@vscode/l10n';
import type { ErrorCode, Stage, TeaChestError } from '../../core/base/errors.ts';

/** What a button under a failure does; `ActionHandlers` has a function for each kind that applies. */
export type ActionKind =
  | 'retry'
  | 'signIn'
  | 'createToken'
  | 'changeTarget'
  | 'choosePlatform'
  | 'trustCertificate'
  | 'chooseClientCertificate'
  | 'reconnectCluster'
  | 'selectEngine'
  | 'openSpoolSettings'
  | 'openProxySettings'
  | 'openCheckSettings'
  | 'engineHelp'
  | 'permissionHelp'
  | 'refreshImages'
  | 'refreshRegistries'
  | 'addOwner'
  | 'showLog';

export interface ErrorMessage {
  /** What happened, mostly by the error's own message, and then what to do next. */
  readonly message: string;
  /** At most three: a notification has room for no more. */
  readonly actions: readonly ActionKind[];
}

interface Advice {
  readonly next: string;
  readonly actions: readonly ActionKind[];
}

/** What to do next, for every code: without a row for each code it does not compile. */
const adviceByCode: Readonly<Record<ErrorCode, Advice>> = {
  engineNotFound: {
    next: l10n.t('Install Docker or Podman, or select the engine that you have.'),
    actions: ['selectEngine', 'engineHelp', 'retry'],
  },
  engineStopped: {
    next: l10n.t('Start the engine, or select another one.'),
    actions: ['retry', 'engineHelp', 'selectEngine'],
  },
  enginePermission: {
    next: l10n.t('Join the group that owns the socket, sign out of this machine and in again, and retry.'),
    actions: ['permissionHelp', 'retry'],
  },
  engineLost: { next: l10n.t('Check that the engine is still running and try again.'), actions: ['retry', 'showLog'] },
  engineEndpointInvalid: { next: l10n.t('Correct it, or select another engine.'), actions: ['selectEngine', 'retry'] },
  engineFailed: { next: l10n.t('Try again; the engine’s own log may say more.'), actions: ['retry', 'showLog'] },
  engineFull: {
    next: l10n.t('Remove images and containers that you do not need, and try again.'),
    actions: ['retry', 'refreshImages', 'showLog'],
  },
  imageNotFound: {
    next: l10n.t('It may have been removed or renamed meanwhile. Choose another image.'),
    actions: ['refreshImages'],
  },
  imageUnsupported: {
    next: l10n.t('Build the image on another base or with other settings, or choose another image.'),
    actions: ['showLog', 'changeTarget'],
  },
  platformNeeded: { next: l10n.t('Choose what to push.'), actions: ['choosePlatform'] },
  archiveTruncated: { next: l10n.t('Nothing was published. Try again.'), actions: ['retry', 'showLog'] },
  archiveInvalid: {
    next: l10n.t('Nothing was published. The log shows what the engine sent.'),
    actions: ['showLog', 'retry'],
  },
  layerMismatch: {
    next: l10n.t('Nothing was published. The engine’s copy of the image is damaged: build or pull it again.'),
    actions: ['showLog', 'retry'],
  },
  referenceInvalid: { next: l10n.t('Write it like registry/owner/name:tag.'), actions: ['changeTarget'] },
  nameInvalid: { next: l10n.t('Choose another name.'), actions: ['changeTarget'] },
  targetNeeded: { next: l10n.t('Say where it should go.'), actions: ['changeTarget'] },
  composeFileInvalid: { next: l10n.t('Correct it, or push its images by name.'), actions: ['showLog'] },
  workingTreeDirty: {
    next: l10n.t('Commit and build again, or change the setting teaChest.check.dirtyWorkingTree.'),
    actions: ['openCheckSettings', 'changeTarget'],
  },
  tagExists: {
    next: l10n.t('Push to another tag, or change the setting teaChest.check.existingTag.'),
    actions: ['changeTarget', 'openCheckSettings'],
  },
  latestTag: {
    next: l10n.t('Push to a tag with a version, or change the setting teaChest.check.latestTag.'),
    actions: ['changeTarget', 'openCheckSettings'],
  },
  urlInvalid: { next: l10n.t('Write it like https://gitea.example.com.'), actions: ['signIn'] },
  registryUnreachable: {
    next: l10n.t('Check the address, your network and VPN, and try again.'),
    actions: ['retry', 'showLog'],
  },
  certificateUntrusted: {
    next: l10n.t(
      'Look at the certificate, and trust it if it is the right one, or choose the CA file of whoever issued it.',
    ),
    actions: ['trustCertificate', 'showLog'],
  },
  certificateChanged: {
    next: l10n.t('Look at the new certificate before you go on: somebody may be listening in.'),
    actions: ['trustCertificate', 'showLog'],
  },
  certificateInvalid: {
    next: l10n.t('Whoever runs the registry has to renew or correct it; you can trust this one by sight.'),
    actions: ['trustCertificate', 'showLog'],
  },
  clientCertificateNeeded: {
    next: l10n.t(
      'Choose the certificate and its key, or put them as client.cert and client.key into ~/.docker/certs.d/<host:port>.',
    ),
    actions: ['chooseClientCertificate', 'retry', 'showLog'],
  },
  tlsRefused: { next: l10n.t('Whoever runs the registry has to allow TLS 1.2 or 1.3.'), actions: ['showLog'] },
  plainHttp: { next: l10n.t('Sign in with the right address, https or http.'), actions: ['signIn'] },
  notARegistry: { next: l10n.t('Check the address of the registry.'), actions: ['signIn', 'showLog'] },
  proxyFailed: { next: l10n.t('Check VS Code’s proxy settings.'), actions: ['openProxySettings', 'retry', 'showLog'] },
  notSignedIn: { next: l10n.t('Sign in to it first.'), actions: ['signIn'] },
  credentialsRejected: {
    next: l10n.t('Sign in again with the right password or a new token.'),
    actions: ['signIn', 'createToken'],
  },
  credentialsIgnored: {
    next: l10n.t(
      'A proxy in front of the registry may drop the credentials: ask whoever runs it, or try another address.',
    ),
    actions: ['signIn', 'showLog'],
  },
  scopeMissing: {
    next: l10n.t('Create a token with the scope write:package and sign in with it.'),
    actions: ['createToken', 'signIn'],
  },
  oneTimePasswordNeeded: {
    next: l10n.t('Create a token with the scope write:package and use it in place of the password.'),
    actions: ['createToken', 'signIn'],
  },
  credentialSourceFailed: {
    next: l10n.t('Choose another login, or enter user name and token.'),
    actions: ['signIn', 'showLog'],
  },
  accessDenied: {
    next: l10n.t('Choose an owner you may write to, or ask for write access to its packages.'),
    actions: ['changeTarget', 'signIn', 'createToken'],
  },
  ownerNotFound: { next: l10n.t('Choose another owner.'), actions: ['changeTarget'] },
  quotaExceeded: {
    next: l10n.t('Delete old packages, or ask whoever runs the registry for more room.'),
    actions: ['retry', 'changeTarget'],
  },
  bodyTooLarge: {
    next: l10n.t('A proxy in front of the registry has to allow larger requests: ask whoever runs it.'),
    actions: ['retry', 'showLog'],
  },
  chunksRefused: {
    next: l10n.t(
      'A proxy or firewall in front of the registry has to let PATCH requests to /v2/ through: ask whoever runs it.',
    ),
    actions: ['retry', 'showLog'],
  },
  uploadLost: { next: l10n.t('Layers that arrived are kept: try again.'), actions: ['retry', 'showLog'] },
  digestMismatch: {
    next: l10n.t('Do not rely on what is stored there now. Try again, and inform whoever runs the registry.'),
    actions: ['retry', 'showLog'],
  },
  imageMismatch: {
    next: l10n.t('Try again; if it stays so, build or pull the image again. The log shows what does not fit.'),
    actions: ['retry', 'showLog'],
  },
  registryRefused: {
    next: l10n.t('The log has the registry’s whole answer.'),
    actions: ['showLog', 'retry', 'changeTarget'],
  },
  registryFailed: {
    next: l10n.t('Layers that arrived are kept: try again in a while.'),
    actions: ['retry', 'showLog'],
  },
  manifestUnknown: {
    next: l10n.t('It may have been deleted meanwhile.'),
    actions: ['refreshRegistries', 'retry'],
  },
  catalogRefused: { next: l10n.t('Add the repositories that you use by name.'), actions: ['addOwner', 'retry'] },
  deleteUnsupported: { next: l10n.t('Nothing was deleted.'), actions: ['showLog'] },
  changedMeanwhile: {
    next: l10n.t('Nothing of it was changed. Look at what is there now.'),
    actions: ['refreshRegistries'],
  },
  spoolFull: {
    next: l10n.t('Free some room, or choose a folder on another disk.'),
    actions: ['openSpoolSettings', 'retry'],
  },
  spoolFailed: { next: l10n.t('Choose a folder that can be written to.'), actions: ['openSpoolSettings', 'retry'] },
  busy: { next: l10n.t('Wait for the push that is already running.'), actions: [] },
  argumentInvalid: { next: l10n.t('Correct the command’s arguments.'), actions: ['showLog'] },
  cancelled: { next: '', actions: [] },
  internal: { next: l10n.t('The log has the details.'), actions: ['showLog', 'retry'] },
};

/** Outside of a push: where the advice for a push would be wrong. */
const browseAdvice: Readonly<Partial<Record<ErrorCode, Advice>>> = {
  registryFailed: { next: l10n.t('Try again in a while.'), actions: ['retry', 'showLog'] },
  registryRefused: { next: l10n.t('The log has the registry’s whole answer.'), actions: ['showLog', 'retry'] },
  accessDenied: {
    next: l10n.t('Ask for the right on its packages, or sign in as somebody who has it.'),
    actions: ['signIn', 'retry', 'showLog'],
  },
  ownerNotFound: {
    next: l10n.t('It may have been removed or renamed meanwhile.'),
    actions: ['refreshRegistries', 'retry'],
  },
  scopeMissing: {
    next: l10n.t('Create a token that has it and sign in with that.'),
    actions: ['createToken', 'signIn'],
  },
  nameInvalid: { next: l10n.t('Choose another name.'), actions: ['retry'] },
  digestMismatch: {
    next: l10n.t('Inform whoever runs the registry: what it gives is not what was pushed.'),
    actions: ['retry', 'showLog'],
  },
};

/** During a pull: where the advice for a push would be wrong. */
const pullAdvice: Readonly<Partial<Record<ErrorCode, Advice>>> = {
  ...browseAdvice,
  imageUnsupported: { next: '', actions: ['showLog'] },
  imageNotFound: {
    next: l10n.t('It may have been removed from the engine meanwhile.'),
    actions: ['retry', 'refreshImages'],
  },
  platformNeeded: { next: l10n.t('Choose the platform to pull.'), actions: ['choosePlatform'] },
  referenceInvalid: { next: l10n.t('Write it like registry/owner/name:tag.'), actions: [] },
  digestMismatch: {
    next: l10n.t('The engine did not get it. Inform whoever runs the registry: what it gives is not what was pushed.'),
    actions: ['retry', 'showLog'],
  },
  imageMismatch: { next: l10n.t('Do not use it. Try again; the log has both digests.'), actions: ['retry', 'showLog'] },
  busy: { next: l10n.t('Wait for the pull that is already running.'), actions: [] },
};

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
    return { next: l10n.t('Push it again in a while: only what is missing is sent.'), actions: ['retry', 'showLog'] };
  }
  if (code === 'registryUnreachable' && stagesAfterContact.has(stage)) {
    const next = l10n.t(
      'It was reachable before: check your network and VPN, and try again. Layers that arrived are kept.',
    );
    return { ...usual, next };
  }
  if (code === 'tlsRefused' && facts.mayWantClientCertificate === true) {
    return { next: usual.next, actions: ['chooseClientCertificate', ...usual.actions] };
  }
  // The message names the address that works.
  if (code === 'plainHttp' && typeof facts['suggestion'] === 'string')
    return { ...usual, next: l10n.t('Try that address.') };
  return usual;
}

/** The message and buttons for an error. The caller leaves out the buttons that do not apply. */
export function errorMessage(error: TeaChestError): ErrorMessage {
  const { next, actions } = adviceFor(error);
  const { host, pinnedFingerprint, remadeCluster } = error.facts;
  if (typeof host === 'string' && remadeCluster !== undefined && error.code === 'certificateChanged') {
    return { message: `${l10n.t`${host} shows another certificate than the one you trusted.`} ${next}`, actions };
  }
  if (error.code === 'certificateChanged' && typeof host === 'string' && typeof pinnedFingerprint === 'string') {
    // The error's own sentences have both fingerprints, for the log; here the button shows them, in groups.
    const message = l10n.t`${host} shows another certificate than the one you trusted: look at it before you go on, somebody may be listening in.`;
    return { message, actions };
  }
  return { message: next === '' ? error.message : `${error.message} ${next}`, actions };
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
  showLog: l10n.t('Show Log'),
};

/** The text of a button, which depends on the code for some of them. */
export function actionTitle(kind: ActionKind, code: ErrorCode): string {
  if (kind === 'changeTarget' && (code === 'ownerNotFound' || code === 'accessDenied'))
    return l10n.t('Choose Another Owner');
  if (kind === 'signIn' && (code === 'credentialsRejected' || code === 'scopeMissing')) return l10n.t('Sign In Again');
  return titles[kind];
}
