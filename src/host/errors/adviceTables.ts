import * as l10n from '@vscode/l10n';
import type { ErrorCode } from '../../core/base/errors.ts';

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
  | 'showDetails'
  | 'showLog';

export interface Advice {
  readonly next: string;
  readonly actions: readonly ActionKind[];
}

/** What to do next, for every code: without a row for each code it does not compile. */
export const adviceByCode: Readonly<Record<ErrorCode, Advice>> = {
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
  engineEndpointInvalid: {
    next: l10n.t({
      message: 'Correct it, or select another engine.',
      comment: '“It” is the address of the container engine',
    }),
    actions: ['selectEngine', 'retry'],
  },
  engineFailed: { next: l10n.t('Try again; the engine’s own log may say more.'), actions: ['retry', 'showLog'] },
  engineFull: {
    next: l10n.t('Remove images and containers that you do not need, and try again.'),
    actions: ['retry', 'refreshImages', 'showLog'],
  },
  imageNotFound: {
    next: l10n.t({
      message: 'It may have been removed or renamed meanwhile. Choose another image.',
      comment: '“It” is the image',
    }),
    actions: ['refreshImages'],
  },
  imageUnsupported: {
    next: l10n.t('Build the image on another base or with other settings, or choose another image.'),
    actions: ['showLog', 'changeTarget'],
  },
  platformNeeded: {
    next: l10n.t({ message: 'Choose what to push.', comment: 'Which platforms of an image' }),
    actions: ['choosePlatform'],
  },
  archiveTruncated: { next: l10n.t('Nothing was published. Try again.'), actions: ['retry', 'showLog'] },
  archiveInvalid: {
    next: l10n.t('Nothing was published. The log shows what the engine sent.'),
    actions: ['showLog', 'retry'],
  },
  layerMismatch: {
    next: l10n.t('Nothing was published. The engine’s copy of the image is damaged: build or pull it again.'),
    actions: ['showLog', 'retry'],
  },
  referenceInvalid: {
    next: l10n.t({ message: 'Write it like registry/owner/name:tag.', comment: '“It” is the reference of an image' }),
    actions: ['changeTarget'],
  },
  nameInvalid: { next: l10n.t('Choose another name.'), actions: ['changeTarget'] },
  targetNeeded: {
    next: l10n.t({ message: 'Say where it should go.', comment: '“It” is the image' }),
    actions: ['changeTarget'],
  },
  composeFileInvalid: {
    next: l10n.t({ message: 'Correct it, or push its images by name.', comment: '“It” is the compose file' }),
    actions: ['showLog'],
  },
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
  urlInvalid: {
    next: l10n.t({ message: 'Write it like https://gitea.example.com.', comment: '“It” is the address of a registry' }),
    actions: ['signIn'],
  },
  registryUnreachable: {
    next: l10n.t('Check the address, your network and VPN, and try again.'),
    actions: ['retry', 'showLog'],
  },
  certificateUntrusted: {
    next: l10n.t({
      message:
        'Look at the certificate, and trust it if it is the right one, or choose the CA file of whoever issued it.',
      comment: '“It” is the certificate',
    }),
    actions: ['trustCertificate', 'showLog'],
  },
  certificateChanged: {
    next: l10n.t('Look at the new certificate before you go on: somebody may be listening in.'),
    actions: ['trustCertificate', 'showLog'],
  },
  certificateInvalid: {
    next: l10n.t({
      message: 'Whoever runs the registry has to renew or correct it; you can trust this one by sight.',
      comment: '“It” and “this one” are the certificate',
    }),
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
  notSignedIn: {
    next: l10n.t({ message: 'Sign in to it first.', comment: '“It” is the registry' }),
    actions: ['signIn'],
  },
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
    next: l10n.t({
      message: 'Try again; if it stays so, build or pull the image again. The log shows what does not fit.',
      comment: '“If it stays so”: if the error comes again',
    }),
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
    next: l10n.t({
      message: 'It may have been deleted meanwhile.',
      comment: '“It” is a tag or an image of the registry',
    }),
    actions: ['refreshRegistries', 'retry'],
  },
  catalogRefused: { next: l10n.t('Add the repositories that you use by name.'), actions: ['addOwner', 'retry'] },
  deleteUnsupported: { next: l10n.t('Nothing was deleted.'), actions: ['showLog'] },
  changedMeanwhile: {
    next: l10n.t({
      message: 'Nothing of it was changed. Look at what is there now.',
      comment: '“It” is what the person wanted to change in the registry',
    }),
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
export const browseAdvice: Readonly<Partial<Record<ErrorCode, Advice>>> = {
  registryFailed: { next: l10n.t('Try again in a while.'), actions: ['retry', 'showLog'] },
  registryRefused: { next: l10n.t('The log has the registry’s whole answer.'), actions: ['showLog', 'retry'] },
  accessDenied: {
    next: l10n.t('Ask for the right on its packages, or sign in as somebody who has it.'),
    actions: ['signIn', 'retry', 'showLog'],
  },
  ownerNotFound: {
    next: l10n.t({
      message: 'It may have been removed or renamed meanwhile.',
      comment: '“It” is the owner: a user or an organization',
    }),
    actions: ['refreshRegistries', 'retry'],
  },
  scopeMissing: {
    next: l10n.t({
      message: 'Create a token that has it and sign in with that.',
      comment: '“It” is the scope of a token that is missing',
    }),
    actions: ['createToken', 'signIn'],
  },
  nameInvalid: { next: l10n.t('Choose another name.'), actions: ['retry'] },
  digestMismatch: {
    next: l10n.t({
      message: 'Inform whoever runs the registry: what it gives is not what was pushed.',
      comment: '“It” is the registry',
    }),
    actions: ['retry', 'showLog'],
  },
};

/** During a pull: where the advice for a push would be wrong. */
export const pullAdvice: Readonly<Partial<Record<ErrorCode, Advice>>> = {
  ...browseAdvice,
  imageUnsupported: { next: '', actions: ['showLog'] },
  imageNotFound: {
    next: l10n.t({ message: 'It may have been removed from the engine meanwhile.', comment: '“It” is the image' }),
    actions: ['retry', 'refreshImages'],
  },
  platformNeeded: { next: l10n.t('Choose the platform to pull.'), actions: ['choosePlatform'] },
  referenceInvalid: {
    next: l10n.t({ message: 'Write it like registry/owner/name:tag.', comment: '“It” is the reference of an image' }),
    actions: [],
  },
  digestMismatch: {
    next: l10n.t({
      message: 'The engine did not get it. Inform whoever runs the registry: what it gives is not what was pushed.',
      comment: 'The first “it” is the image, the second is the registry',
    }),
    actions: ['retry', 'showLog'],
  },
  imageMismatch: {
    next: l10n.t({ message: 'Do not use it. Try again; the log has both digests.', comment: '“It” is the image' }),
    actions: ['retry', 'showLog'],
  },
  busy: { next: l10n.t('Wait for the pull that is already running.'), actions: [] },
};
