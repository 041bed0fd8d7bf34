import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { parseRegistryAddress } from '../../../../src/core/registry/registryAddress.ts';
import { anyUser } from '../../../../src/host/connections/connection.ts';
import { startFakeGitea } from '../../../fakeGitea/fakeGitea.ts';
import { buildHost, connectionTo, dev, ownersNamed } from '../support/hostFakes.ts';

const options = { signal: new AbortController().signal };

suite('kept sign-ins', () => {
  const origin = 'https://gitea.example.com';

  test('a credential that cannot be read is none, and its text is in no error', async (t) => {
    const { store, secrets } = buildHost(t);
    secrets.setElsewhere(`teaChest.credential ${origin}`, 'hunter2 {');
    assert.equal(await store.credential(origin), undefined);
  });

  test('each sign-in and sign-out is another generation of its registry, here or in another window', async (t) => {
    const { store, secrets } = buildHost(t);
    const seen = [store.generation(origin)];
    const note = (): number => seen.push(store.generation(origin));
    await store.save(connectionTo(origin), dev);
    note();
    await store.save(connectionTo(origin), dev);
    note();
    secrets.setElsewhere(`teaChest.credential ${origin}`, JSON.stringify(dev));
    note();
    await store.remove(origin);
    note();
    assert.equal(new Set(seen).size, 5);
    assert.equal(store.generation('https://other.example.com'), 0);
  });
});

suite('a registry somebody is signed in to', () => {
  test('gets a new token with the new secret after another sign-in as the same user', async (t) => {
    const { store, access } = buildHost(t);
    const fakeGitea = await startFakeGitea();
    t.after(() => fakeGitea.close());
    const connection = connectionTo(fakeGitea.origin);
    const look = async (): Promise<number> => {
      await (await access.openTarget(connection, 'dev/app', options.signal)).listTags(options);
      return fakeGitea.requests.filter(({ path }) => path.startsWith('/v2/token')).length;
    };
    await store.save(connection, { username: 'dev', secret: fakeGitea.createToken('dev', ['write:package']) });
    assert.equal(await look(), 1);
    assert.equal(await look(), 1, 'the token is used again');
    await store.save(connection, dev);
    assert.equal(await look(), 2);
  });

  test('with a token that does not reveal its user has no owner of the placeholder name', async (t) => {
    const { store, access } = buildHost(t);
    const fakeGitea = await startFakeGitea();
    t.after(() => fakeGitea.close());
    const credential = { username: anyUser, secret: fakeGitea.createToken('dev', ['write:package']) };
    const trust = { allowHttp: true };
    const { username } = await access.auth.check(parseRegistryAddress(fakeGitea.url), credential, trust, options);
    assert.equal(username, anyUser);
    const connection = connectionTo(fakeGitea.origin, { username });
    await store.save(connection, credential);
    assert.deepEqual(await access.owners(connection), ownersNamed([]));
  });
});
