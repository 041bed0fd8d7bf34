import * as l10n from '@vscode/l10n';
import { joinSentences } from '../../core/base/joinSentences.ts';
import { TeaChestError } from '../../core/base/errors.ts';
import type { LocalCluster } from '../../core/idpbuilder/findClusters.ts';
import { askModal, askModalWarning } from '../display/messages.ts';
import { withNotification } from '../display/withNotification.ts';
import { withSignal } from '../progress/cancellation.ts';
import { clusterQuestion } from './clusterQuestion.ts';
import { trustOf } from './clusterTrust.ts';
import type { Connection } from './connection.ts';
import { consent } from './consent.ts';
import { findClusterGitea, requireSameCluster, type ClusterRequest, type FoundGitea } from './findClusterGitea.ts';
import { makeToken } from './makeToken.ts';
import type { TrustedServer } from './signIn.ts';
import type { AskSignInDependencies, SignedIn } from './signInState.ts';
import { checkCredential } from './useCredential.ts';
import { verifyServerTrust } from './verifyServerTrust.ts';

interface Options {
  readonly signal: AbortSignal;
}

/**
 * Shows what the cluster says of its Gitea, and signs in to it when the person agrees. `former`: the connection to be
 * renewed; the person has chosen that, so they are asked again only if something else than the certificate and the password
 * has changed, or if the cluster does not vouch for the certificate. Undefined if the person declines.
 */
export async function connectCluster(
  dependencies: AskSignInDependencies,
  cluster: LocalCluster,
  former?: Connection,
): Promise<SignedIn | undefined> {
  const found = await cancellable(l10n.t`Asking the cluster “${cluster.name}” for its Gitea`, (signal) =>
    findClusterGitea(dependencies, { cluster }, { signal }),
  );
  if (!(former !== undefined && isRenewal(found, former)) && !(await confirm(found))) return undefined;
  const trust = trustOf(found.trust, found.certificate);
  const options = { signal: AbortSignal.timeout(questionTimeoutMs) };
  const server =
    trust === undefined
      ? await verifyServerTrust({ ...dependencies, consent }, { address: found.address, trust: {} }, options)
      : { address: found.address, trust };
  if (server === undefined) return undefined;
  await requireSameCluster(dependencies.clusters, cluster);
  return await cancellable(l10n.t`Signing in to ${found.address.host}`, (signal) =>
    signInToCluster(dependencies, found, server, { signal }),
  );
}

/** The same without a question. Rejects if nothing vouches for the certificate. */
export async function connectClusterAsGiven(
  dependencies: AskSignInDependencies,
  request: ClusterRequest,
  options: Options,
): Promise<SignedIn> {
  const found = await findClusterGitea(dependencies, request, options);
  const { trust, certificate, address } = found;
  const decided = trust.kind === 'different' ? undefined : trustOf(trust, certificate);
  if (decided === undefined) throw notTrusted(found);
  return await signInToCluster(dependencies, found, { address, trust: decided }, options);
}

/** A person reads the fingerprint meanwhile. */
const questionTimeoutMs = 20_000;

function isRenewal({ address, login, trust }: FoundGitea, former: Connection): boolean {
  const isVouchedFor = trust.kind === 'sameAsCluster' || trust.kind === 'valid' || trust.kind === 'trustedBefore';
  const isSame = address.origin === former.origin && login.username.toLowerCase() === former.username.toLowerCase();
  return isSame && (isVouchedFor || (trust.kind === 'localHttp' && former.trust.allowHttp === true));
}

async function confirm(found: FoundGitea): Promise<boolean> {
  const { message, detail, yes, no } = clusterQuestion(found);
  return no === undefined ? await askModal(message, detail, yes) : await askModalWarning(message, detail, { yes, no });
}

/** Checks the password, has a token made with it, and stores only the token. */
async function signInToCluster(
  dependencies: AskSignInDependencies,
  { cluster, login }: FoundGitea,
  server: TrustedServer,
  { signal }: Options,
): Promise<SignedIn> {
  const { store, logger } = dependencies;
  const { context, name, authority } = cluster;
  const own = { cluster: { context, name, authority } };
  const dialog = {
    ...{ auth: dependencies.auth, consent, logger },
    store: {
      find: (origin: string) => store.find(origin),
      list: () => store.list(),
      credential: (origin: string) => store.credential(origin),
      isSessionOnly: (origin: string) => store.isSessionOnly(origin),
      save: (connection: Connection, ...rest: SaveRest) => store.save({ ...connection, ...own }, ...rest),
    },
  };
  const password = { username: login.username, secret: login.password };
  const { connection } = await checkCredential(dialog, server, password, signal).catch((error: unknown) => {
    throw explainRefusal(error, login.source);
  });
  const address = { ...server.address, webRoot: connection.webRoot };
  const credential = { ...password, username: connection.username };
  const signedIn = await makeToken(dialog, { address, trust: server.trust }, { credential }, signal);
  logger.info(
    `Signed in to ${connection.origin} as ${connection.username}, the Gitea of the cluster ${context}, with the login of idpbuilder (${login.source}).`,
  );
  return { ...signedIn, connection: { ...signedIn.connection, ...own }, source: 'idpbuilder' };
}

type SaveRest = Parameters<AskSignInDependencies['store']['save']> extends [Connection, ...infer Rest] ? Rest : never;

function explainRefusal(error: unknown, source: string): unknown {
  if (!(error instanceof TeaChestError) || error.code !== 'credentialsRejected') return error;
  const why = l10n.t`The password is the one that “${source}” gives; it may have been changed in Gitea since.`;
  return new TeaChestError(error.code, joinSentences(error.message, why), {
    stage: 'signIn',
    facts: error.facts,
    cause: error,
  });
}

function notTrusted({ trust, address, cluster, certificate }: FoundGitea): TeaChestError {
  const reason =
    trust.kind === 'different'
      ? l10n.t`It is not the one that the cluster “${cluster.name}” has.`
      : trust.kind === 'notCompared' && trust.problem !== undefined
        ? l10n.t`It could not be compared with the one of the cluster “${cluster.name}”: ${trust.problem}`
        : l10n.t('The address is not encrypted.');
  const facts = { host: address.host, fingerprint256: certificate?.fingerprint256 };
  const message = joinSentences(
    l10n.t`The certificate of ${address.host} is not trusted.`,
    reason,
    l10n.t('Nothing was sent.'),
  );
  return new TeaChestError(certificate === undefined ? 'plainHttp' : 'certificateUntrusted', message, {
    stage: 'signIn',
    facts,
  });
}

async function cancellable<T>(title: string, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  return await withNotification(title, (_report, token) => withSignal(token, work));
}
