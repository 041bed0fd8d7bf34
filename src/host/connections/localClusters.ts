import type { ClusterCertificates } from '../../core/idpbuilder/clusterCertificates.ts';
import type { FoundClusters, LocalCluster } from '../../core/idpbuilder/findClusters.ts';
import type { GiteaAddresses } from '../../core/idpbuilder/giteaAddresses.ts';
import type { GiteaLogin } from '../../core/idpbuilder/giteaLogin.ts';

/** All that `idpbuilder` and `kubectl` say about the Gitea of a cluster. */
interface ClusterGitea {
  readonly login: GiteaLogin;
  readonly addresses: GiteaAddresses;
  readonly certificates: ClusterCertificates;
}

/** What this machine has of idpbuilder's clusters. */
export interface LocalClusters {
  /** Reads files, and starts no program. */
  find(): Promise<FoundClusters>;
  /**
   * Asks `idpbuilder` and `kubectl`: only after a person has chosen the cluster.
   * @throws TeaChestError `credentialSourceFailed`
   */
  read(cluster: LocalCluster, options: { readonly signal: AbortSignal }): Promise<ClusterGitea>;
  /** The kubeconfig files, which change with the clusters. They need not exist. */
  files(): Promise<readonly string[]>;
}

/** The clusters of the machine that the extension host runs on. Its code is loaded when it is needed. */
export const machineClusters: LocalClusters = {
  find: async () => {
    const { findClusters, machine } = await load();
    return await findClusters(machine);
  },
  read: async (cluster, options) => {
    const { readGiteaLogin, readGiteaAddresses, readClusterCertificates, machine } = await load();
    const [login, addresses, certificates] = await Promise.all([
      readGiteaLogin(machine, cluster, options),
      readGiteaAddresses(machine, cluster, options),
      readClusterCertificates(machine, cluster, options),
    ]);
    return { login, addresses, certificates };
  },
  files: async () => {
    const { kubeconfigPaths, machine } = await load();
    return kubeconfigPaths(machine);
  },
};

async function load() {
  const [clusters, kubeconfig, logins, addresses, certificates, { thisMachine }] = await Promise.all([
    import('../../core/idpbuilder/findClusters.ts'),
    import('../../core/idpbuilder/kubeconfig.ts'),
    import('../../core/idpbuilder/giteaLogin.ts'),
    import('../../core/idpbuilder/giteaAddresses.ts'),
    import('../../core/idpbuilder/clusterCertificates.ts'),
    import('../../core/credentials/credentialMachine.ts'),
  ]);
  return {
    findClusters: clusters.findClusters,
    kubeconfigPaths: kubeconfig.kubeconfigPaths,
    readGiteaLogin: logins.readGiteaLogin,
    readGiteaAddresses: addresses.readGiteaAddresses,
    readClusterCertificates: certificates.readClusterCertificates,
    machine: thisMachine(),
  };
}
