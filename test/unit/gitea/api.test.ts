import assert from 'node:assert/strict';
import { test } from 'node:test';
import { packageUrl, tokenSettingsUrl } from '../../../src/core/gitea/webUrls.ts';
import { digestOf } from '../../../src/core/oci/digest.ts';
import { mediaTypes } from '../../../src/core/oci/mediaTypes.ts';
import { startStandin } from '../../standin/standin.ts';
import { clientFor, dev, never, signedIn } from './testClient.ts';

const call = { signal: never };

async function push(client: ReturnType<typeof clientFor>, name: string, tags: readonly string[]): Promise<void> {
  const repository = await client.repository(name, call);
  const config = Buffer.from('{}');
  await repository.putBlob(config, digestOf(config), { signal: never, onSent: () => undefined });
  const descriptor = { mediaType: mediaTypes.ociConfig, digest: digestOf(config), size: config.length };
  const manifest = { schemaVersion: 2, mediaType: mediaTypes.ociManifest, config: descriptor, layers: [] };
  for (const tag of tags) {
    await repository.putManifest(tag, Buffer.from(JSON.stringify(manifest)), mediaTypes.ociManifest, call);
  }
}

test('owners are the user and the organizations in which they may write packages', async (t) => {
  const { client } = await signedIn(t);
  assert.deepEqual(await client.api.pushOwners(call), [
    { name: 'dev', kind: 'user' },
    { name: 'team', kind: 'organization' },
  ]);
});

test('a token that may not ask for the user still gives a suggestion', async (t) => {
  const standin = await startStandin();
  const secret = standin.createToken('dev', ['write:package']);
  const client = clientFor(standin.url, { credential: { username: 'Dev', secret } });
  t.after(async () => {
    await client.close();
    await standin.close();
  });
  assert.equal(await client.api.currentUser(call), undefined);
  assert.deepEqual(await client.api.pushOwners(call), [{ name: 'dev', kind: 'user' }]);
});

test('the packages of an owner come from all pages', async (t) => {
  const { standin, client } = await signedIn(t, { subPath: '/gitea' });
  const tags = Array.from({ length: 120 }, (_, index) => `v${index}`);
  await push(client, 'team/group/app', tags);
  await push(client, 'team/other', ['latest']);
  const versions = await client.api.packages('team', call);
  assert.deepEqual(new Set(versions.map(({ name }) => name)), new Set(['group/app', 'other']));
  const found = versions.filter(({ name }) => name === 'group/app').map(({ version }) => version);
  assert.deepEqual(found.toSorted(), tags.toSorted());
  assert.ok(versions.every(({ owner, createdAt }) => owner === 'team' && createdAt !== undefined));
  assert.ok(standin.requests.filter(({ path }) => path.startsWith('/gitea/api/v1/packages/')).length >= 3);
});

test('an owner that does not exist, and a token without read:package', async (t) => {
  const { standin, client } = await signedIn(t);
  await assert.rejects(client.api.packages('nosuch', call), { code: 'ownerNotFound' });
  const narrow = clientFor(standin.url, {
    credential: { username: 'dev', secret: standin.createToken('dev', ['read:user']) },
  });
  t.after(() => narrow.close());
  await assert.rejects(narrow.api.packages('dev', call), { code: 'scopeMissing', message: /read:package/ });
});

test('a wrong password and nobody at all', async (t) => {
  const { standin } = await signedIn(t);
  for (const [credential, code] of [
    [{ ...dev, secret: 'wrong' }, 'credentialsRejected'],
    [undefined, 'notSignedIn'],
  ] as const) {
    const client = clientFor(standin.url, credential === undefined ? {} : { credential });
    t.after(() => client.close());
    await assert.rejects(client.api.currentUser(call), { code });
  }
});

test('addresses of pages', () => {
  assert.equal(tokenSettingsUrl('https://h/gitea'), 'https://h/gitea/user/settings/applications');
  const target = { owner: 'team', name: 'group/app' };
  assert.equal(packageUrl('https://h', target), 'https://h/team/-/packages/container/group%2Fapp');
  assert.equal(packageUrl('https://h', { ...target, tag: 'v1' }), 'https://h/team/-/packages/container/group%2Fapp/v1');
});
