import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** A cluster of kind with idpbuilder's Gitea, as far as `idpbuilder get` and `kubectl get` show it. */
export interface FakeCluster {
  /** kubeconfig's `certificate-authority-data`: kind makes another one for each cluster. */
  readonly authority: string;
  readonly username?: string;
  readonly password: string;
  readonly certificatePem: string;
  /** The options of `idpbuilder create`. */
  readonly host: string;
  readonly port: number;
  readonly usePathRouting?: boolean;
  readonly protocol?: 'http' | 'https';
  /** The version of idpbuilder, which decides the shape of its answer; 0.10 by default. */
  readonly idpbuilder?: '0.8' | '0.10';
  /**
   * `starting`: Gitea is not installed yet. `forbidden`: kubectl may not read secrets. `noLocalbuild`: another program made
   * the cluster. `hangs`: the API server accepts connections and is silent.
   */
  readonly condition?: 'running' | 'starting' | 'stopped' | 'forbidden' | 'noLocalbuild' | 'hangs';
}

export interface FakeClusters {
  /** For the PATH. */
  readonly bin: string;
  /** Replaces the clusters, by their contexts, in kubeconfig as well. */
  set(clusters: Readonly<Record<string, FakeCluster>>, currentContext?: string): Promise<void>;
}

/** The objects of the Kubernetes API, as `kubectl get -o json` prints them. By namespace and name. */
export function kubernetesObjects(cluster: FakeCluster): {
  readonly secrets: Readonly<Record<string, { readonly data: Readonly<Record<string, string>> }>>;
  readonly localbuilds: unknown;
} {
  const { username = 'giteaAdmin', password, certificatePem, host, port, usePathRouting = false } = cluster;
  const { protocol = 'https', condition } = cluster;
  const base64 = (text: string): string => Buffer.from(text).toString('base64');
  const secret = (namespace: string, name: string, data: Record<string, string>) => ({
    ...{ apiVersion: 'v1', kind: 'Secret', type: 'Opaque', metadata: { name, namespace } },
    data: Object.fromEntries(Object.entries(data).map(([key, value]) => [key, base64(value)])),
  });
  const gitea = { username, password, token: 'f'.repeat(40) };
  const url = usePathRouting ? `${protocol}://${host}:${port}/gitea` : `${protocol}://gitea.${host}:${port}`;
  return {
    secrets: {
      'default/idpbuilder-cert': secret('default', 'idpbuilder-cert', { 'ca.crt': certificatePem }),
      ...(condition !== 'starting' && { 'gitea/gitea-credential': secret('gitea', 'gitea-credential', gitea) }),
    },
    localbuilds: {
      ...{ apiVersion: 'v1', kind: 'List', metadata: { resourceVersion: '' } },
      items: [
        {
          ...{ apiVersion: 'idpbuilder.cnoe.io/v1alpha1', kind: 'Localbuild', metadata: { name: 'localdev' } },
          spec: {
            buildCustomization: {
              ...{ protocol, host, ingressHost: host, port: String(port), usePathRouting },
              selfSignedCert: certificatePem,
            },
            packageConfigs: { argoPackageConfigs: { enabled: true } },
          },
          status: {
            ArgoCD: { available: true },
            gitea: condition === 'starting' ? {} : { available: true, externalURL: url },
          },
        },
      ],
    },
  };
}

export function kubeconfigOf(
  clusters: Readonly<Record<string, { readonly authority: string; readonly server?: string }>>,
  currentContext: string,
): string {
  // JSON is YAML.
  return JSON.stringify({
    ...{ apiVersion: 'v1', kind: 'Config', preferences: {}, 'current-context': currentContext },
    clusters: Object.entries(clusters).map(([name, { authority, server = 'https://127.0.0.1:36123' }]) => ({
      name,
      cluster: { ...(server.startsWith('https:') && { 'certificate-authority-data': authority }), server },
    })),
    contexts: Object.keys(clusters).map((name) => ({ name, context: { cluster: name, user: name } })),
    users: Object.keys(clusters).map((name) => ({ name, user: { token: 'not-a-secret' } })),
  });
}

/**
 * Programs that answer as idpbuilder and kubectl do (idpbuilder 0.8 and 0.10, kubectl 1.32), and the kubeconfig that they
 * read. `calls` is the file to which they append their arguments.
 */
export async function makeFakeClusters(folder: string, home: string, calls: string): Promise<FakeClusters> {
  const bin = join(folder, 'bin');
  const stateFile = join(folder, 'clusters.json');
  const kubeconfig = join(home, '.kube', 'config');
  await Promise.all([mkdir(bin, { recursive: true }), mkdir(dirname(kubeconfig), { recursive: true })]);
  for (const name of ['idpbuilder', 'kubectl']) {
    const source = program(name, stateFile, calls);
    await writeFile(join(bin, name), source);
    await chmod(join(bin, name), 0o755);
  }
  return {
    bin,
    set: async (clusters, currentContext = Object.keys(clusters)[0] ?? '') => {
      const state = Object.entries(clusters).map(([context, cluster]) => [
        context,
        { ...cluster, ...kubernetesObjects(cluster) },
      ]);
      await writeFile(stateFile, JSON.stringify(Object.fromEntries(state)), { mode: 0o600 });
      await writeFile(kubeconfig, kubeconfigOf(clusters, currentContext));
    },
  };
}

function program(name: string, stateFile: string, calls: string): string {
  const file = new URL('./fakeClusterProgram.ts', import.meta.url).pathname;
  const args = [file, name, stateFile, calls].map((arg) => `'${arg}'`).join(' ');
  // The extension host may have options for its own Node.
  return `#!/bin/sh\nunset NODE_OPTIONS ELECTRON_RUN_AS_NODE\nexec '${process.execPath}' --no-warnings ${args} "$@"\n`;
}
