import { readFile, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import type { Logger } from '../../../../src/core/base/logger.ts';
import type { AskSignInDependencies } from '../../../../src/host/connections/signInState.ts';
import { startFakeGitea, type FakeGitea } from '../../../fakeGitea/fakeGitea.ts';
import { makeFakeClusters, type FakeCluster } from '../../../tools/fakeCluster.ts';
import { makeScratch } from '../../../tools/scratch.ts';
import { takeShown, useFakeVscode } from './fakeVscode.ts';
import { buildHost, type Host } from './hostFakes.ts';

useFakeVscode();
const { machineClusters } = await import('../../../../src/host/connections/localClusters.ts');

export interface ClusterRig extends Host {
  readonly gitea: FakeGitea;
  readonly log: readonly string[];
  readonly dependencies: AskSignInDependencies & Pick<Host, 'store'>;
  /** The cluster as it is now, and what differs from that of the rig. */
  readonly setCluster: (more?: Partial<FakeCluster>, currentContext?: string) => Promise<void>;
  /** Deletes Gitea and makes another one at the same address, with another certificate and without its tokens. */
  readonly remake: (password: string) => Promise<FakeGitea>;
  /** The arguments of all programs so far. */
  readonly calls: () => Promise<string>;
}

/** A machine with idpbuilder, kubectl, and a cluster whose Gitea is at `https://127.0.0.1:port/gitea`. */
export async function clusterRig(
  t: { after(work: () => unknown): void },
  { password }: { readonly password: string },
): Promise<ClusterRig> {
  const scratch = await makeScratch('cluster');
  const home = join(scratch.path, 'home');
  const callsFile = join(scratch.path, 'calls');
  await writeFile(callsFile, '');
  const fake = await makeFakeClusters(scratch.path, home, callsFile);
  plant(t, {
    HOME: home,
    PATH: `${fake.bin}${delimiter}${process.env['PATH'] ?? ''}`,
    ...{ KUBECONFIG: undefined, GITEA_SERVER_URL: undefined, DOCKER_CONFIG: undefined, XDG_CONFIG_HOME: undefined },
  });
  const start = (secret: string, port?: number): Promise<FakeGitea> =>
    startFakeGitea({
      ...{ tls: 'valid', subPath: '/gitea', ...(port !== undefined && { port }) },
      seed: { users: [{ name: 'giteaAdmin', password: secret, admin: true }], organizations: [] },
    });
  let gitea = await start(password);
  const first = gitea;
  t.after(async () => {
    await gitea.close();
    await scratch.remove();
  });
  let cluster: FakeCluster = clusterOf(gitea, password, 'b25l');
  const setCluster: ClusterRig['setCluster'] = async (more = {}, current = 'kind-localdev') => {
    await fake.set({ 'kind-localdev': { ...cluster, ...more } }, current);
  };
  await setCluster();
  const host = buildHost(t);
  const log: string[] = [];
  const keep = (line: string): void => void log.push(line);
  const logger: Logger = { trace: keep, debug: keep, info: keep, warn: keep, error: keep };
  takeShown();
  return {
    ...host,
    ...{ gitea: first, log, setCluster },
    dependencies: { ...host.signingIn, store: host.store, clusters: machineClusters, logger },
    remake: async (secret) => {
      const port = Number(new URL(gitea.origin).port);
      await gitea.close();
      gitea = await start(secret, port);
      cluster = clusterOf(gitea, secret, 'dHdv');
      await setCluster();
      return gitea;
    },
    calls: () => readFile(callsFile, 'utf8'),
  };
}

function clusterOf({ origin, certificatePem = '' }: FakeGitea, password: string, authority: string): FakeCluster {
  const { hostname: host, port } = new URL(origin);
  return { authority, password, certificatePem, host, port: Number(port), usePathRouting: true };
}

function plant(t: { after(work: () => void): void }, values: Readonly<Record<string, string | undefined>>): void {
  const set = (all: typeof values): void => {
    for (const [name, value] of Object.entries(all)) {
      if (value === undefined) Reflect.deleteProperty(process.env, name);
      else process.env[name] = value;
    }
  };
  const before = Object.fromEntries(Object.keys(values).map((name) => [name, process.env[name]]));
  set(values);
  t.after(() => {
    set(before);
  });
}
