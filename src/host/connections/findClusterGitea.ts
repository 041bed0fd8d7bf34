import * as l10n from '@vscode/l10n';
import { joinSentences } from '../../core/base/joinSentences.ts';
import { toTeaChestError, TeaChestError } from '../../core/base/errors.ts';
import type { LocalCluster } from '../../core/idpbuilder/findClusters.ts';
import type { GiteaLogin } from '../../core/idpbuilder/giteaLogin.ts';
import type { CertificateDetails, RegistryAddress } from '../../core/registry/types.ts';
import { judgeTrust, type ClusterTrust } from './clusterTrust.ts';
import type { LocalClusters } from './localClusters.ts';
import type { AuthService } from './signIn.ts';
import type { AskSignInDependencies } from './signInState.ts';

/** The Gitea of a cluster, before anything secret was sent to it. */
export interface FoundGitea {
  readonly cluster: LocalCluster;
  readonly login: GiteaLogin;
  readonly address: RegistryAddress;
  /** The cluster itself gave the address. */
  readonly isFromCluster: boolean;
  /** Undefined for http. */
  readonly certificate: CertificateDetails | undefined;
  readonly trust: ClusterTrust;
}

export interface ClusterRequest {
  readonly cluster: LocalCluster;
  /** Which of the addresses that the cluster says. */
  readonly url?: string | undefined;
  /** A fingerprint that the caller trusts. */
  readonly trustFingerprint?: string | undefined;
}

interface Reached {
  readonly address: RegistryAddress;
  readonly certificate: CertificateDetails | undefined;
}

/**
 * Asks the cluster for the login and the address of its Gitea, and the server there for its certificate. Rejects with
 * `argumentInvalid` if the cluster does not say the address that is wanted: the login is its administrator's.
 */
export async function findClusterGitea(
  { auth, store, clusters }: Pick<AskSignInDependencies, 'auth' | 'store' | 'clusters'>,
  { cluster, url, trustFingerprint }: ClusterRequest,
  options: { readonly signal: AbortSignal },
): Promise<FoundGitea> {
  const { login, addresses, certificates } = await clusters.read(cluster, options);
  // idpbuilder reads the login of the current context, which may have become another one meanwhile.
  await requireSameCluster(clusters, cluster);
  const urls = url === undefined ? addresses.urls : [requireOwnAddress(auth, cluster, addresses.urls, url)];
  const { address, certificate } = await reach(auth, urls, cluster, options);
  const pinned = trustFingerprint ?? store.find(address.origin)?.trust.pinnedFingerprint;
  const trust = judgeTrust({ address, certificate, pinned }, certificates);
  return { cluster, login, address, isFromCluster: addresses.isFromCluster, certificate, trust };
}

/**
 * Rejects with `credentialSourceFailed` if the kube context does not stand for this cluster any more: what was read may be
 * of another one than the person was asked about.
 */
export async function requireSameCluster(clusters: Pick<LocalClusters, 'find'>, cluster: LocalCluster): Promise<void> {
  const { clusters: all } = await clusters.find();
  const now = all.find(({ context }) => context === cluster.context);
  if (now !== undefined && now.authority === cluster.authority && now.isCurrent === cluster.isCurrent) return;
  throw new TeaChestError(
    'credentialSourceFailed',
    l10n.t`The kube context of the cluster “${cluster.name}” has changed meanwhile. Nothing was sent. Connect again.`,
    { stage: 'signIn', facts: { cluster: cluster.name } },
  );
}

function requireOwnAddress(auth: AuthService, cluster: LocalCluster, own: readonly string[], url: string): string {
  const { origin } = auth.parse(url);
  if (own.some((one) => auth.parse(one).origin === origin)) return url;
  throw new TeaChestError(
    'argumentInvalid',
    l10n.t`The cluster “${cluster.name}” does not say that its Gitea is at ${origin}, but: ${own.join(', ')}. Nothing was sent.`,
    { stage: 'signIn', facts: { cluster: cluster.name } },
  );
}

/** The first address with a registry. A single one is not asked what it is: the sign-in finds that out. */
async function reach(
  auth: AuthService,
  urls: readonly string[],
  cluster: LocalCluster,
  options: { readonly signal: AbortSignal },
): Promise<Reached> {
  const failures: string[] = [];
  for (const url of urls) {
    try {
      const address = auth.parse(url);
      const isHttps = address.origin.startsWith('https:');
      const certificate = isHttps ? await auth.inspectCertificate(address, {}, options) : undefined;
      if (urls.length > 1) await requireRegistry(auth, { address, certificate }, options);
      return { address, certificate };
    } catch (error) {
      options.signal.throwIfAborted();
      failures.push(`${url}: ${toTeaChestError(error).message}`);
    }
  }
  const message = l10n.t`The Gitea of the idpbuilder cluster “${cluster.name}” does not answer.`;
  throw new TeaChestError('registryUnreachable', joinSentences(message, ...failures), {
    stage: 'signIn',
    facts: { cluster: cluster.name },
  });
}

/** Both usual addresses lead to the same ingress, which has a registry at one of them. Sends no credential. */
async function requireRegistry(
  auth: AuthService,
  { address, certificate }: Reached,
  options: { readonly signal: AbortSignal },
): Promise<void> {
  const trust = certificate === undefined ? { allowHttp: true } : { pinnedFingerprint: certificate.fingerprint256 };
  try {
    await auth.check(address, undefined, trust, options);
  } catch (error) {
    // Gitea may want a sign-in for everything.
    if (toTeaChestError(error).code !== 'notSignedIn') throw error;
  }
}
