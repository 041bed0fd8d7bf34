import * as l10n from '@vscode/l10n';
/** The step of a push that failed, `signIn`, `browse` (reading or changing what a registry has), or `pull`. Part of the automation contract: values are stable. */
export const stages = [
  'signIn',
  'engine',
  'inspect',
  'resolve',
  'plan',
  'export',
  'verify',
  'spool',
  'upload',
  'manifest',
  'check',
  'browse',
  'pull',
] as const;

export type Stage = (typeof stages)[number];

/** What went wrong, as data. Part of the automation contract: values are stable, new ones may be added. */
export const errorCodes = [
  // the container engine
  'engineNotFound', // no endpoint answers and none is configured
  'engineStopped', // an endpoint is known, nothing listens there
  'enginePermission', // the socket may not be opened by this user
  'engineLost', // the connection broke while in use
  'engineEndpointInvalid', // DOCKER_HOST, the context or the setting cannot be used
  'engineFailed', // the engine answered with an error
  'engineFull', // there is no room for an image where the engine keeps them
  'imageNotFound',
  'imageUnsupported', // no registry of this kind can hold the image: sha512 digests, layers that may not be distributed
  'platformNeeded', // the engine has a part of an index, and it must be chosen what is pushed
  // the exported archive
  'archiveTruncated',
  'archiveInvalid',
  'layerMismatch', // a layer's bytes do not hash to its diffID
  // references and names
  'referenceInvalid',
  'nameInvalid', // the registry's grammar for owner, image name or tag is not met
  'targetNeeded', // automation gave no target and none can be derived
  'composeFileInvalid', // a compose file cannot be read, or uses what is not supported
  // checks that the settings teaChest.check ask for
  'workingTreeDirty', // the image was built from files that no commit has
  'tagExists', // the tag stands for another image
  'latestTag',
  // reaching the registry
  'urlInvalid',
  'registryUnreachable', // DNS, refused, reset, timeout
  'certificateUntrusted', // facts: fingerprint256, subject, issuer, validFrom, validTo
  'certificateChanged', // a pinned fingerprint no longer matches
  'certificateInvalid', // expired, wrong host … facts as certificateUntrusted
  'clientCertificateNeeded', // the registry wants a client certificate, or refuses the one it was shown
  'tlsRefused', // no TLS version or cipher that both sides allow
  'plainHttp', // https asked, http answered; or http not allowed for this registry
  'notARegistry', // something answers, but not an OCI registry
  'proxyFailed',
  // who we are to the registry
  'notSignedIn',
  'credentialsRejected',
  'credentialsIgnored', // anonymous token: the credentials never arrived or were dropped
  'scopeMissing', // the token cannot write packages
  'oneTimePasswordNeeded',
  'credentialSourceFailed', // a login of another program on this machine cannot be used
  'accessDenied', // signed in, not allowed (Gitea: 401 reqPackageAccess)
  'ownerNotFound',
  // what the registry says while we push
  'quotaExceeded',
  'bodyTooLarge', // a proxy refuses even our smallest chunk
  'chunksRefused', // something on the way refuses PATCH, and the whole layer in one request failed as well
  'uploadLost', // the upload session vanished and a new one did not help
  'digestMismatch', // the registry stored something else than we sent
  'imageMismatch', // manifest, config and layers are not of one image: nothing was published
  'registryRefused', // any other 4xx
  'registryFailed', // 5xx after all retries
  // what the registry says while it is browsed, changed or pulled from
  'manifestUnknown', // it has no such tag or digest
  'catalogRefused', // it does not list its repositories
  'deleteUnsupported', // it deletes nothing, or no tag alone
  'changedMeanwhile', // what was confirmed is not what is there now
  // this machine
  'spoolFull',
  'spoolFailed',
  'busy',
  'argumentInvalid',
  'cancelled',
  'internal',
] as const;

export type ErrorCode = (typeof errorCodes)[number];

/** Data of an error, for buttons, tests and callers. Never a secret. Facts that decide something have a type. */
export interface ErrorFacts {
  /** The HTTP status of the answer. */
  readonly status?: number;
  /** The codes of a registry's error answer (distribution spec, "Error codes"). */
  readonly codes?: readonly string[];
  /** Seconds that the registry asks to wait. */
  readonly retryAfterSeconds?: number;
  /** The code of Node or undici for a connection that failed: `ECONNREFUSED`. */
  readonly system?: string;
  /** Plain http was refused because nobody allowed it for this registry. */
  readonly httpNotAllowed?: boolean;
  /** A TLS handshake failed in a way that also a missing client certificate would cause. */
  readonly mayWantClientCertificate?: boolean;
  /** A push was cancelled because its window closed, and not by the person. */
  readonly isWindowClosed?: boolean;
  readonly [fact: string]: string | number | boolean | readonly string[] | undefined;
}

export interface TeaChestErrorOptions {
  readonly stage?: Stage;
  readonly cause?: unknown;
  readonly facts?: ErrorFacts;
}

/**
 * The one error class of the core. `message` is a whole sentence for a person: what happened, to what, and why, with the
 * server's message where there is one. The host adds what to do next, since it owns the buttons.
 */
export class TeaChestError extends Error {
  override readonly name = 'TeaChestError';
  readonly code: ErrorCode;
  readonly stage: Stage | undefined;
  readonly facts: ErrorFacts;

  constructor(code: ErrorCode, message: string, options: TeaChestErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.stage = options.stage;
    this.facts = options.facts ?? {};
  }

  /** The same error with this stage, unless it has one. */
  at(stage: Stage): TeaChestError {
    if (this.stage !== undefined) return this;
    return new TeaChestError(this.code, this.message, { stage, cause: this.cause, facts: this.facts });
  }
}

/** True for our own `cancelled` and for the AbortError that Node and undici throw when a signal fires. */
export function isCancelled(error: unknown): boolean {
  if (error instanceof TeaChestError) return error.code === 'cancelled';
  return error instanceof Error && error.name === 'AbortError';
}

/** The `code` of the first Node system error (`ECONNREFUSED`, `ENOSPC`, …) along the chain of causes. */
export function systemCode(error: unknown): string | undefined {
  for (let current = error, depth = 0; current instanceof Error && depth < 8; depth++) {
    if ('code' in current && typeof current.code === 'string' && /^[A-Z][A-Z0-9_]+$/.test(current.code)) {
      return current.code;
    }
    if (current instanceof AggregateError && current.errors.length > 0) current = current.errors[0];
    else current = current.cause;
  }
  return undefined;
}

/** Converts anything thrown. An error that is not ours becomes `internal` and keeps its cause. */
export function toTeaChestError(error: unknown, stage?: Stage): TeaChestError {
  if (error instanceof TeaChestError) return stage === undefined ? error : error.at(stage);
  const options = stage === undefined ? { cause: error } : { cause: error, stage };
  if (isCancelled(error)) return new TeaChestError('cancelled', l10n.t('Cancelled.'), options);
  const message = error instanceof Error ? error.message : String(error);
  return new TeaChestError('internal', l10n.t`Something went wrong inside Tea Chest: ${message}`, options);
}
