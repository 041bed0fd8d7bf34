import type { LocalCluster } from '../../core/idpbuilder/findClusters.ts';
import { reportFailure } from '../errors/reportFailure.ts';
import { connectCluster } from './connectCluster.ts';
import type { AskSignInDependencies, SignedIn } from './signInState.ts';

/** Connects to the Gitea of a cluster that a person has chosen. Shows a failure, and resolves with undefined then. */
export async function connectOrReport(
  dependencies: AskSignInDependencies,
  cluster: LocalCluster,
  other: { readonly signIn?: () => unknown } = {},
): Promise<SignedIn | undefined> {
  try {
    return await connectCluster(dependencies, cluster);
  } catch (error) {
    const retry = async (): Promise<unknown> => {
      const { clusters } = await dependencies.clusters.find();
      const now = clusters.find(({ context }) => context === cluster.context);
      return await connectOrReport(dependencies, now ?? cluster, other);
    };
    void reportFailure(error, { ...other, retry });
    return undefined;
  }
}
