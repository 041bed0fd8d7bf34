import type { CredentialMachine } from '../credentials/credentialMachine.ts';
import { idpbuilderConfigPath } from '../credentials/idpbuilderLogins.ts';
import { pathsOf } from '../docker/endpoint/hostPaths.ts';
import { readKubeconfig } from './kubeconfig.ts';

/** A cluster of kind, which may be one that idpbuilder has made. */
export interface LocalCluster {
  /** The kube context: `kind-localdev`. */
  readonly context: string;
  /** The name that idpbuilder and kind have for it: `localdev`. */
  readonly name: string;
  /** Another one after the cluster was made anew: kind makes a new authority for each cluster. */
  readonly authority: string | undefined;
  /** `idpbuilder get` would ask this cluster: it always takes the current context of `~/.kube/config`. */
  readonly isCurrent: boolean;
  /** Something of this machine suggests that idpbuilder has made it. */
  readonly isNoticed: boolean;
}

export interface FoundClusters {
  readonly clusters: readonly LocalCluster[];
  /** What is wrong with kubeconfig files that may have more. */
  readonly problems: readonly string[];
}

/** The name of a cluster without `--name` (idpbuilder pkg/cmd/create/root.go). */
const usualName = 'localdev';

/** The context of a cluster of kind, and the names that kind allows (kind pkg/cluster/internal/create and kubeconfig). */
const kindContext = /^kind-([a-z0-9.-]+)$/;

/**
 * The clusters of kind in kubeconfig, idpbuilder's usual one first. A cluster of another name is noticed only if the machine
 * has idpbuilder or its configuration: kind alone has no Gitea. Reads files, and starts no program.
 */
export async function findClusters(machine: CredentialMachine): Promise<FoundClusters> {
  const [{ contexts, homeContext, problems }, hasIdpbuilder] = await Promise.all([
    readKubeconfig(machine),
    isIdpbuilderThere(machine),
  ]);
  const clusters = contexts.flatMap(({ name: context, authority }): LocalCluster[] => {
    const name = kindContext.exec(context)?.[1];
    if (name === undefined) return [];
    const isNoticed = name === usualName || hasIdpbuilder;
    return [{ context, name, authority, isCurrent: context === homeContext, isNoticed }];
  });
  return { clusters: clusters.sort((one, other) => rank(one) - rank(other)), problems };
}

function rank({ name, isCurrent }: LocalCluster): number {
  return name === usualName ? 0 : isCurrent ? 1 : 2;
}

/** Its configuration, or the program on the PATH. The program is not started. */
async function isIdpbuilderThere(machine: CredentialMachine): Promise<boolean> {
  const paths = pathsOf(machine);
  const name = machine.platform === 'win32' ? 'idpbuilder.exe' : 'idpbuilder';
  const folders = (machine.env['PATH'] ?? machine.env['Path'] ?? '').split(paths.delimiter);
  const candidates = [
    idpbuilderConfigPath(machine),
    ...folders.filter((folder) => paths.isAbsolute(folder)).map((folder) => paths.join(folder, name)),
  ];
  const found = await Promise.all(candidates.map((path) => machine.realPath(path)));
  return found.some((path) => path !== undefined);
}
