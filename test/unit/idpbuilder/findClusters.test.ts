import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { findClusters } from '../../../src/core/idpbuilder/findClusters.ts';
import { kubeconfigPaths } from '../../../src/core/idpbuilder/kubeconfig.ts';
import { kubeconfigOf } from '../../tools/fakeCluster.ts';
import { home, machine } from '../credentials/fakeMachine.ts';

const kubeconfig = `${home}/.kube/config`;
const two = { 'kind-other': { authority: 'b3RoZXI=' }, 'kind-localdev': { authority: 'bG9jYWxkZXY=' } };

suite('clusters of idpbuilder', () => {
  test('are noticed by the context of kind, the usual name first, and no program is started', async () => {
    const files = { [kubeconfig]: kubeconfigOf({ ...two, gke_prod: { authority: 'cA==' } }, 'kind-other') };
    const runHelper = () => assert.fail('a program was started');
    const { clusters, problems } = await findClusters(machine({ files, runHelper }));
    assert.deepEqual(problems, []);
    const shown = clusters.map(({ authority: _hash, ...cluster }) => cluster);
    assert.deepEqual(shown, [
      { context: 'kind-localdev', name: 'localdev', isCurrent: false, isNoticed: true },
      { context: 'kind-other', name: 'other', isCurrent: true, isNoticed: false },
    ]);
  });

  test('of another name are noticed where idpbuilder is on the PATH, or has its configuration', async () => {
    const files = { [kubeconfig]: kubeconfigOf({ 'kind-other': { authority: 'YQ==' } }, 'kind-other') };
    for (const there of ['/opt/bin/idpbuilder', `${home}/.idpbuilder/config`]) {
      const on = machine({ files, env: { PATH: '/usr/bin:relative:/opt/bin' } });
      const realPath = (path: string): Promise<string | undefined> =>
        Promise.resolve(path === there ? path : undefined);
      const { clusters } = await findClusters({ ...on, realPath });
      assert.equal(clusters[0]?.isNoticed, true, there);
    }
  });

  test('have another authority once they are made anew, and only then', async () => {
    const authorityOf = async (authority: string): Promise<string | undefined> => {
      const files = { [kubeconfig]: kubeconfigOf({ 'kind-localdev': { authority } }, 'kind-localdev') };
      return (await findClusters(machine({ files }))).clusters[0]?.authority;
    };
    assert.equal(await authorityOf('b25l'), await authorityOf('b25l'));
    assert.notEqual(await authorityOf('b25l'), await authorityOf('dHdv'));
    assert.equal(await authorityOf(''), undefined);
  });

  test('are read from all files of KUBECONFIG, the first one wins; the current one is always that of ~/.kube/config', async () => {
    const files = {
      '/one': kubeconfigOf({ 'kind-localdev': { authority: 'b25l' } }, 'kind-localdev'),
      '/two': kubeconfigOf(two, 'kind-other'),
      [kubeconfig]: kubeconfigOf({ 'kind-hidden': { authority: 'aA==' } }, 'kind-other'),
    };
    const env = { KUBECONFIG: '/one:relative/path::/two:/one' };
    const on = machine({ files, env });
    assert.deepEqual(kubeconfigPaths(on), ['/one', '/two']);
    const { clusters } = await findClusters(on);
    assert.deepEqual(
      clusters.map(({ context, isCurrent }) => [context, isCurrent]),
      [
        ['kind-localdev', false],
        ['kind-other', true],
      ],
    );
    const alone = await findClusters(machine({ files: { [kubeconfig]: files['/one'] } }));
    assert.equal(clusters[0]?.authority, alone.clusters[0]?.authority);
    assert.deepEqual(kubeconfigPaths(machine({ env: { KUBECONFIG: 'relative' } })), [kubeconfig]);
  });

  test('are not the one that idpbuilder asks if ~/.kube/config has another cluster under the current name', async () => {
    const env = { KUBECONFIG: '/one' };
    const isCurrent = async (authority: string): Promise<boolean | undefined> => {
      const files = {
        '/one': kubeconfigOf({ 'kind-localdev': { authority: 'b25l' } }, 'kind-localdev'),
        [kubeconfig]: kubeconfigOf({ 'kind-localdev': { authority } }, 'kind-localdev'),
      };
      return (await findClusters(machine({ files, env }))).clusters[0]?.isCurrent;
    };
    assert.equal(await isCurrent('b25l'), true);
    assert.equal(await isCurrent('dHdv'), false, 'its password would go to the other cluster');
  });

  test('with odd or hostile kubeconfig: what cannot be a name of kind is left out, and no value is run or shown', async () => {
    const names = ['kind-', 'kind-a b', 'kind-$(id)', 'kind-a\nb', 'kind-a\u0000b', 'kind-../x', 'minikube', 'kind-ok'];
    const contexts = names.map((name) => ({ name, context: { cluster: name } }));
    for (const [text, expected, problems] of [
      [JSON.stringify({ contexts, clusters: [{}, { name: 7 }, null] }), ['kind-ok'], 0],
      [JSON.stringify({ contexts: 'none', clusters: 5 }), [], 0],
      ['- a\n- b\n', [], 0],
      ['', [], 0],
      ['{ unclosed', [], 1],
      ['&a [*a, *a]', [], 0],
    ] as const) {
      const found = await findClusters(machine({ files: { [kubeconfig]: text } }));
      const shown = found.clusters.map(({ context }) => context);
      assert.deepEqual(shown, expected, text);
      assert.equal(found.problems.length, problems, text);
    }
    const denied = machine({ files: { [kubeconfig]: Object.assign(new Error('no'), { code: 'EACCES' }) } });
    assert.match((await findClusters(denied)).problems[0] ?? '', /\.kube\/config cannot be read \(EACCES\)/);
  });
});
