import { startFakeGitea, type FakeGitea } from '../fakeGitea/fakeGitea.ts';
import { makeCertificate } from '../fakeGitea/tls/certificate.ts';
import type { FakeCluster } from './fakeCluster.ts';
import { freePort } from './freePort.ts';
import { startNginx } from './nginx.ts';

/** The fake Gitea of a cluster behind an nginx with the routes of idpbuilder's ingress. */
export interface ClusterGitea {
  readonly gitea: FakeGitea;
  /** What the cluster's programs say of it. */
  readonly cluster: FakeCluster;
  /** `gitea.cnoe.localtest.me:port`, or `cnoe.localtest.me:port`. */
  readonly host: string;
  /** `127.0.0.1:port`: the same, for programs that do not resolve the name. */
  readonly address: string;
  readonly fingerprint256: string;
  stop(): Promise<void>;
}

export interface ClusterGiteaOptions {
  readonly password: string;
  readonly usePathRouting?: boolean;
  /** Another one for each cluster that is made. */
  readonly authority: string;
  readonly port?: number;
}

const domain = 'cnoe.localtest.me';

/** The names that the certificate and the ingress have; they lead to 127.0.0.1. */
export const clusterHosts = { [domain]: '127.0.0.1', [`gitea.${domain}`]: '127.0.0.1' };

export async function startClusterGitea(options: ClusterGiteaOptions): Promise<ClusterGitea> {
  const { password, usePathRouting = false, authority, port = await freePort('127.0.0.1') } = options;
  const name = usePathRouting ? domain : `gitea.${domain}`;
  const host = `${name}:${port}`;
  const gitea = await startFakeGitea({
    rootUrl: `https://${host}${usePathRouting ? '/gitea' : ''}`,
    seed: { users: [{ name: 'giteaAdmin', password, admin: true }], organizations: [] },
  });
  // pkg/build/tls.go: one self-signed certificate for the domain and all names below it.
  const tls = makeCertificate('valid', Date.now(), [domain, `*.${domain}`]);
  const nginx = await startNginx(gitea.host, { tls, port, ingress: { hosts: [name, '127.0.0.1'], usePathRouting } });
  const { certificatePem, fingerprint256 } = tls;
  return {
    ...{ gitea, host, address: nginx.host, fingerprint256 },
    cluster: { authority, password, certificatePem, host: domain, port, usePathRouting },
    stop: async () => {
      await nginx.stop();
      await gitea.close();
    },
  };
}
