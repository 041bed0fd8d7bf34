import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { Connection } from '../../../../src/host/connections/connection.ts';
import { findByHost } from '../../../../src/host/connections/findByHost.ts';
import type { TargetSources } from '../../../../src/host/push/pushSources.ts';
import { resolvePush } from '../../../../src/host/push/resolvePush.ts';
import { TargetMemory } from '../../../../src/host/targets/targetMemory.ts';
import { connectionTo, memento } from '../support/hostFakes.ts';

function signedInTo(...connections: readonly Connection[]): TargetSources & { readonly memory: TargetMemory } {
  return { store: { findByHost: (host) => findByHost(connections, host) }, memory: new TargetMemory(memento()) };
}

suite('where a push goes', () => {
  test('a default port that is written out is the registry one is signed in to', () => {
    const secure = connectionTo('https://gitea.example.com');
    const plain = connectionTo('http://127.0.0.1');
    for (const [connection, target] of [
      [secure, 'gitea.example.com:443/dev/app:1'],
      [secure, 'Gitea.Example.com/dev/app:1'],
      [plain, '127.0.0.1:80/dev/app:1'],
      [connectionTo('https://xn--bcher-kva.example'), 'bücher.example/dev/app:1'],
      [secure, 'docker push GITEA.example.com:443/dev/app:1'],
    ] as const) {
      const job = resolvePush({ image: 'app:1', target }, signedInTo(connection));
      assert.equal(job?.connection, connection);
      assert.deepEqual(job.target, { host: connection.host, repository: 'dev/app', tag: '1' });
    }
  });

  test('a host without dot or port is one if somebody is signed in there', async () => {
    const gitea = connectionTo('https://gitea');
    const sources = signedInTo(gitea);
    const target = { host: 'gitea', repository: 'dev/app', tag: '1' };
    assert.deepEqual(resolvePush({ image: 'app:1', target: 'gitea/dev/app:1' }, sources)?.target, target);
    await sources.memory.remember('app:1', gitea.origin, target);
    assert.deepEqual(resolvePush({ image: 'app:1' }, sources)?.target, target, 'and is remembered');
    assert.throws(() => resolvePush({ image: 'app:1', target: 'other/dev/app:1' }, sources), {
      code: 'referenceInvalid',
    });
  });

  test('a registry in an image’s own name is a target only for who is signed in to exactly that', () => {
    const gitea = signedInTo(connectionTo('https://gitea.example.com'));
    for (const image of ['localhost/app:1', 'acr.example/team/app:1', 'app:1']) {
      assert.equal(resolvePush({ image }, gitea), undefined, image);
    }
    assert.throws(() => resolvePush({ image: 'app:1', target: 'localhost/dev/app:1' }, gitea), { code: 'notSignedIn' });
    const here = connectionTo('http://localhost');
    const target = { host: 'localhost', repository: 'dev/app', tag: '1' };
    assert.deepEqual(resolvePush({ image: 'localhost/dev/app:1' }, signedInTo(here))?.target, target);
    const onPort = signedInTo(connectionTo('http://localhost:3000'));
    assert.equal(resolvePush({ image: 'localhost/dev/app:1' }, onPort), undefined);
  });

  test('another port is another registry', () => {
    const sources = signedInTo(connectionTo('https://gitea.example.com'));
    assert.throws(() => resolvePush({ image: 'app:1', target: 'gitea.example.com:80/dev/app:1' }, sources), {
      code: 'notSignedIn',
    });
  });
});
