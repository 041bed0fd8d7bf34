import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { delimiter, join } from 'node:path';
import { after, before, beforeEach, suite, test, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { inspect } from 'node:util';
import { thisMachine, type CredentialMachine } from '../../../src/core/credentials/credentialMachine.ts';
import { runHelper } from '../../../src/core/credentials/helperProcess.ts';
import { readClusterCertificates } from '../../../src/core/idpbuilder/clusterCertificates.ts';
import { findClusters, type LocalCluster } from '../../../src/core/idpbuilder/findClusters.ts';
import { readGiteaAddresses, usualAddresses } from '../../../src/core/idpbuilder/giteaAddresses.ts';
import { readGiteaLogin } from '../../../src/core/idpbuilder/giteaLogin.ts';
import { makeCertificate } from '../../fakeGitea/tls/certificate.ts';
import {
  kubeconfigOf,
  kubernetesObjects,
  makeFakeClusters,
  type FakeCluster,
  type FakeClusters,
} from '../../tools/fakeCluster.ts';
import { findCommand } from '../../tools/findCommand.ts';
import { makeScratch, type Scratch } from '../../tools/scratch.ts';
import { options, putOnPath } from '../credentials/fakeMachine.ts';

const windows = process.platform === 'win32' ? 'the programs of this test are shell scripts' : false;
const certificate = makeCertificate('valid');
const password = 'marked-feedface "password": {}';
const running: FakeCluster = {
  authority: 'b25l',
  password,
  certificatePem: certificate.certificatePem,
  host: 'cnoe.localtest.me',
  port: 8443,
};

/** Real programs on the PATH, which answer as idpbuilder and kubectl do. */
suite('a cluster is asked by its programs', { skip: windows, timeout: 120_000 }, () => {
  let scratch: Scratch;
  let fake: FakeClusters;
  let calls: string;
  let on: CredentialMachine;
  const environment = { PATH: process.env['PATH'], HOME: process.env['HOME'], KUBECONFIG: process.env['KUBECONFIG'] };

  before(async () => {
    scratch = await makeScratch('cluster');
    calls = join(scratch.path, 'calls');
    fake = await makeFakeClusters(scratch.path, join(scratch.path, 'home'), calls);
    process.env['PATH'] = `${fake.bin}${delimiter}${process.env['PATH'] ?? ''}`;
    process.env['HOME'] = join(scratch.path, 'home');
    delete process.env['KUBECONFIG'];
    on = thisMachine();
  });
  beforeEach(() => writeFile(calls, ''));
  after(async () => {
    for (const [name, value] of Object.entries(environment)) {
      if (value === undefined) Reflect.deleteProperty(process.env, name);
      else process.env[name] = value;
    }
    await scratch.remove();
  });

  async function only(cluster: FakeCluster = running, current = 'kind-localdev'): Promise<LocalCluster> {
    await fake.set({ 'kind-localdev': cluster }, current);
    const found = (await findClusters(on)).clusters[0];
    assert.ok(found);
    return found;
  }
  const called = async (): Promise<readonly string[]> => (await readFile(calls, 'utf8')).trim().split('\n');

  for (const idpbuilder of ['0.8', '0.10'] as const) {
    test(`idpbuilder ${idpbuilder} gives the login, and kubectl is not asked for it`, async () => {
      const login = await readGiteaLogin(on, await only({ ...running, idpbuilder }), options);
      assert.deepEqual(login, { username: 'giteaAdmin', password, source: 'idpbuilder get secrets -p gitea' });
      assert.deepEqual(await called(), ['["idpbuilder","get","secrets","-p","gitea","-o","json"]']);
    });
  }

  test('idpbuilder is not asked where it would give the password of another cluster; kubectl is, by the context', async () => {
    const other = { ...running, password: 'of the other cluster' };
    await fake.set({ 'kind-localdev': running, 'kind-other': other }, 'kind-other');
    const cluster = (await findClusters(on)).clusters[0] ?? assert.fail();
    assert.equal((await readGiteaLogin(on, cluster, options)).password, password);
    assert.deepEqual(await called(), [
      '["kubectl","--context=kind-localdev","--request-timeout=8s","get","secret","gitea-credential","-n","gitea","-o","json"]',
    ]);
  });

  test('kubectl gives address and certificate; without them the usual addresses are left, and the reason', async () => {
    const cluster = await only();
    assert.deepEqual(await readGiteaAddresses(on, cluster, options), {
      urls: ['https://gitea.cnoe.localtest.me:8443'],
      isFromCluster: true,
    });
    assert.deepEqual(await readClusterCertificates(on, cluster, options), {
      fingerprints: [certificate.fingerprint256],
    });
    await only({ ...running, condition: 'noLocalbuild' });
    assert.deepEqual(await readGiteaAddresses(on, cluster, options), { urls: usualAddresses, isFromCluster: false });
    await only({ ...running, condition: 'forbidden' });
    const refused = await readClusterCertificates(on, cluster, options);
    assert.ok('problem' in refused);
    assert.match(refused.problem, /^kubectl failed: Error from server \(Forbidden\): .* in the namespace "default"\.$/);
  });

  for (const [condition, expected] of [
    [
      'starting',
      /“idpbuilder get secrets -p gitea” gave no gitea-credential .* kubectl failed: .*"gitea-credential" not found\./,
    ],
    [
      'stopped',
      /idpbuilder failed: getting secret .* connection refused\. kubectl failed: The connection .* host or port\?$/,
    ],
  ] as const) {
    test(`a cluster that is ${condition} is explained by the last words of both programs`, async () => {
      const cluster = await only({ ...running, condition });
      await assert.rejects(readGiteaLogin(on, cluster, options), (error: Error & { code?: string }) => {
        assert.equal(error.code, 'credentialSourceFailed');
        assert.match(error.message, /^The login of Gitea in the cluster “localdev” could not be read\. /);
        assert.match(error.message, expected);
        assert.doesNotMatch(error.message, /warnings\.go|memcache|[IWE]\d{4} /);
        return true;
      });
    });
  }

  test('programs that hang are stopped with their children', async () => {
    const cluster = await only({ ...running, condition: 'hangs' });
    const quick: CredentialMachine = {
      ...on,
      runHelper: (command, { signal, limitMs }) => {
        assert.equal(limitMs, 10_000);
        return runHelper(command, { signal, limitMs: 1500 });
      },
    };
    await assert.rejects(
      readGiteaLogin(quick, cluster, options),
      /idpbuilder gave no answer within 10 seconds and was stopped\. kubectl gave no answer within 10 seconds/,
    );
    const pids = (await called()).filter((line) => line.startsWith('["pids"'));
    assert.equal(pids.length, 2);
    for (const pid of pids.flatMap((line) => (JSON.parse(line) as number[]).slice(1))) await ended(pid);
  });

  test('are stopped at once when the person leaves', async () => {
    const cluster = await only({ ...running, condition: 'hangs' });
    const leaving = new AbortController();
    const asked = readGiteaLogin(on, cluster, { signal: leaving.signal });
    asked.catch(() => undefined);
    for (;;) if ((await called()).some((line) => line.startsWith('["pids"'))) break;
    leaving.abort();
    await assert.rejects(asked, { name: 'AbortError' });
    for (const line of await called()) {
      if (line.startsWith('["pids"')) for (const pid of (JSON.parse(line) as number[]).slice(1)) await ended(pid);
    }
  });

  test('that are not there are named', async () => {
    const cluster = await only();
    const without: CredentialMachine = { ...on, runHelper: () => Promise.resolve({ kind: 'notFound' }) };
    await assert.rejects(
      readGiteaLogin(without, cluster, options),
      /idpbuilder was not found on the PATH\. kubectl was not found on the PATH\.$/,
    );
  });

  test('whatever they print with a password in it is in no error', async (t) => {
    const cluster = await only();
    const half = JSON.stringify([{ name: 'gitea-credential', namespace: 'gitea', password: 'marked-feedface' }]);
    for (const script of [
      `echo '${half}'`,
      `echo '${half}'; exit 1`,
      `echo 'password: marked-feedface' >&2; exit 1`,
      `echo '${half}' >&2; exit 1`,
    ]) {
      await putOnPath(t, join(scratch.path, 'odd'), { idpbuilder: script, kubectl: script });
      await assert.rejects(readGiteaLogin(on, cluster, options), (error: Error) => {
        assert.doesNotMatch(inspect(error, { depth: 10, showHidden: true }), /marked/);
        assert.match(error.message, /gave no gitea-credential|without a message that can be shown/);
        return true;
      });
    }
  });
});

const kubectl = findCommand('kubectl');

/** The real kubectl before a server that answers as the API of Kubernetes does. */
suite(
  'the real kubectl',
  { skip: kubectl === undefined ? 'kubectl is not installed' : windows, timeout: 60_000 },
  () => {
    test('is asked by arguments that it takes, and gives what we read', async (t) => {
      const server = await startKubernetesApi(t, running);
      const scratch = await makeScratch('kubectl');
      t.after(() => scratch.remove());
      await mkdir(join(scratch.path, '.kube'));
      const kubeconfig = join(scratch.path, '.kube', 'config');
      await writeFile(kubeconfig, kubeconfigOf({ 'kind-localdev': { authority: '', server } }, 'elsewhere'));
      const before = { HOME: process.env['HOME'], KUBECONFIG: process.env['KUBECONFIG'] };
      Object.assign(process.env, { HOME: scratch.path, KUBECONFIG: kubeconfig });
      t.after(() => {
        for (const [name, value] of Object.entries(before)) {
          if (value === undefined) Reflect.deleteProperty(process.env, name);
          else process.env[name] = value;
        }
      });
      const on = thisMachine();
      const cluster = (await findClusters(on)).clusters[0] ?? assert.fail();
      assert.equal(cluster.isCurrent, false);
      const login = await readGiteaLogin(on, cluster, options);
      assert.deepEqual({ username: login.username, password: login.password }, { username: 'giteaAdmin', password });
      assert.deepEqual(await readGiteaAddresses(on, cluster, options), {
        urls: ['https://gitea.cnoe.localtest.me:8443'],
        isFromCluster: true,
      });
      assert.deepEqual(await readClusterCertificates(on, cluster, options), {
        fingerprints: [certificate.fingerprint256],
      });
      await assert.rejects(
        readGiteaLogin(on, { ...cluster, context: 'kind-gone' }, options),
        /kubectl failed: error: context "kind-gone" does not exist\.$/,
      );
    });
  },
);

/** As much of the API as `kubectl get` of these resources asks for. Gives its address. */
async function startKubernetesApi(t: TestContext, cluster: FakeCluster): Promise<string> {
  const { secrets, localbuilds } = kubernetesObjects(cluster);
  const group = 'idpbuilder.cnoe.io';
  const version = { groupVersion: `${group}/v1alpha1`, version: 'v1alpha1' };
  const resource = (name: string, kind: string, namespaced: boolean) => ({
    ...{ name, kind, namespaced, singularName: kind.toLowerCase(), verbs: ['get', 'list'] },
  });
  const answers: Readonly<Record<string, unknown>> = {
    '/api': { kind: 'APIVersions', versions: ['v1'] },
    '/apis': {
      ...{ kind: 'APIGroupList', apiVersion: 'v1' },
      groups: [{ name: group, versions: [version], preferredVersion: version }],
    },
    '/api/v1': { kind: 'APIResourceList', groupVersion: 'v1', resources: [resource('secrets', 'Secret', true)] },
    [`/apis/${version.groupVersion}`]: {
      ...{ kind: 'APIResourceList', apiVersion: 'v1', groupVersion: version.groupVersion },
      resources: [resource('localbuilds', 'Localbuild', false)],
    },
    [`/apis/${version.groupVersion}/localbuilds`]: {
      ...(localbuilds as object),
      ...{ kind: 'LocalbuildList', apiVersion: version.groupVersion },
    },
    ...Object.fromEntries(
      Object.entries(secrets).map(([key, value]) => {
        const [namespace = '', name = ''] = key.split('/');
        return [`/api/v1/namespaces/${namespace}/secrets/${name}`, value];
      }),
    ),
  };
  const server = createServer((request, response) => {
    const answer = answers[new URL(request.url ?? '', 'http://h').pathname];
    const status = { kind: 'Status', apiVersion: 'v1', status: 'Failure', reason: 'NotFound', code: 404 };
    response.writeHead(answer === undefined ? 404 : 200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(answer ?? status));
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Waits until there is no such process. One that was killed may still wait for its parent to look. */
async function ended(pid: number): Promise<void> {
  for (;;) {
    try {
      process.kill(pid, 0);
    } catch {
      return;
    }
    const state = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
    if (state.includes(') Z ')) return;
    await sleep(10);
  }
}
