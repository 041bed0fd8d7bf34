import assert from 'node:assert/strict';
import { setImmediate } from 'node:timers/promises';
import { suite, test } from 'node:test';
import type { Fault } from '../../../fakeGitea/http/faults.ts';
import { htmlReply, textReply, type Reply } from '../../../fakeGitea/http/reply.ts';
import type { RegistryNode } from '../../../../src/host/views/registries/registryTree.ts';
import { pushImage } from '../../gitea/pushContent.ts';
import { never } from '../../gitea/testClient.ts';
import { inputAsking, press, takeShown, useFakeVscode } from '../support/fakeVscode.ts';
import { dev } from '../support/hostFakes.ts';
import type { RegistryRig } from '../support/registryRig.ts';

useFakeVscode();
const { buildRegistryRig, nodeAt, rowsBelow } = await import('../support/registryRig.ts');
const { registriesDeleteCommand } = await import('../../../../src/host/commands/registriesDelete.ts');
const { registriesCleanUpCommand } = await import('../../../../src/host/commands/registriesCleanUp.ts');
const { registriesLinkCommand, registriesUnlinkCommand } =
  await import('../../../../src/host/commands/registriesLink.ts');
const { registriesRetagCommand } = await import('../../../../src/host/commands/registriesRetag.ts');
const { registriesShowCommand } = await import('../../../../src/host/commands/registriesShow.ts');
const { registriesCopyDigestCommand } = await import('../../../../src/host/commands/registriesCopy.ts');

const everywhere = /./;
const rest = /^\/api\//;
const page = htmlReply(200, '<html><head><title>Sign in</title></head><form><input type="password"></form></html>');
const elsewhere: Reply = { status: 302, headers: { Location: 'https://sso.invalid/login?rd=x' } };
const refusal = (message: string): Reply => ({
  status: 403,
  headers: { 'Content-Type': 'application/json;charset=utf-8' },
  body: JSON.stringify({ message, url: 'http://x/api/swagger' }),
});

interface Condition {
  readonly path: RegExp;
  readonly reply: Reply;
  /** What the row in the view says. */
  readonly row: string;
  readonly message: RegExp;
  /** Actions that the answer does not concern. */
  readonly works?: readonly string[];
}

/** What stands in for the server's own answers, once the person has signed in. */
const conditions: Readonly<Record<string, Condition>> = {
  'a sign-in page': {
    ...{ path: everywhere, reply: page, row: 'No registry answers there' },
    message: /A sign-in page answered instead of the registry .*\/v2 and \/api must be let through there/,
  },
  'a redirect to a sign-in page elsewhere': {
    ...{ path: everywhere, reply: elsewhere, row: 'No registry answers there' },
    message:
      /sign-in page answered instead of the registry \(host sso\.invalid\)|redirect to https:\/\/sso\.invalid .*as sign-in pages do/,
  },
  'a proxy that lets the REST API not through': {
    ...{ path: rest, reply: textReply(404, '404 page not found'), row: 'The REST API was not found' },
    message: /the REST API of Gitea was not found|the server is older than Gitea 1\.24/,
    works: ['show', 'copy', 'retag'],
  },
  'a password that must be changed': {
    ...{ path: rest, reply: refusal('You must change your password. Change it at: http://evil.invalid/change') },
    row: 'The password must be changed',
    // The address is ours: the server's own may be any.
    message: /wants you to choose a new password first, at http:\/\/127\.0\.0\.1:\d+\/user\/settings\/change_password/,
    works: ['show', 'copy', 'retag'],
  },
  'an account that is switched off': {
    ...{
      path: rest,
      reply: refusal('This account is prohibited from signing in, please contact your site administrator.'),
    },
    row: 'The account is refused',
    message: /does not let this account sign in: whoever runs the server has switched it off/,
    works: ['show', 'copy', 'retag'],
  },
  'a token without the scope': {
    ...{
      path: rest,
      reply: refusal(
        'token does not have at least one of required scope(s), required=[read:package], token scope=read:user',
      ),
    },
    row: 'The token may not list this',
    message: /that needs the scope read:package\. It has: read:user\. Create a token that has it/,
    works: ['show', 'copy', 'retag'],
  },
};

interface Nodes {
  readonly app: RegistryNode;
  readonly tag: RegistryNode;
}

const actions: Readonly<Record<string, (rig: RegistryRig, nodes: Nodes) => Promise<void>>> = {
  'delete a tag': async (rig, { tag }) => {
    press('Delete');
    await registriesDeleteCommand(rig, [tag]);
  },
  'delete an image': async (rig, { app }) => {
    press('Delete');
    await registriesDeleteCommand(rig, [app]);
  },
  'clean up': (rig, { app }) => registriesCleanUpCommand(rig, app),
  unlink: async (rig, { app }) => {
    press('Unlink');
    await registriesUnlinkCommand(rig, app);
  },
  link: async (rig, { app }) => {
    const linking = registriesLinkCommand(rig, app);
    const list = await inputAsking(/repository/i);
    list.type('other');
    list.enter();
    await linking;
  },
  show: (rig, { tag }) => registriesShowCommand(rig, 'manifest', tag),
  copy: (rig, { tag }) => registriesCopyDigestCommand(rig, [tag]),
  retag: async (rig, { tag }) => {
    const tagging = registriesRetagCommand(rig, tag);
    const box = await inputAsking(/tag/i);
    box.type('new');
    box.enter();
    await tagging;
  },
};

suite('Instead of the server’s answer', () => {
  for (const [name, { path, reply, row, message, works = [] }] of Object.entries(conditions)) {
    test(`${name}: each action says so, and nothing is lost`, async (t) => {
      const rig = await buildRegistryRig(t);
      const { fakeGitea, registriesView: view, store, connection } = rig;
      await pushImage(rig.client, 'team/app', ['1', '2']);
      fakeGitea.directory.addRepository(fakeGitea.directory.owner('team') ?? assert.fail(), 'shop');
      await rig.client.packages.link({ owner: 'team', name: 'app' }, 'shop', { signal: never });
      const [app, tag] = [await nodeAt(view, 'team', 'app'), await nodeAt(view, 'team', 'app', '1')];
      const fault: Fault = { path, times: Infinity, action: { kind: 'answer', reply } };
      fakeGitea.faults.add(fault);
      for (const [action, run] of Object.entries(actions)) {
        if (works.includes(action)) continue;
        takeShown();
        await run(rig, { app, tag });
        await setImmediate();
        const shown = takeShown().filter(({ element }) => ['error', 'information'].includes(element));
        assert.equal(shown.length, 1, `${action}: ${JSON.stringify(shown)}`);
        assert.equal(shown[0]?.element, 'error', `${action} is not said to be done: ${shown[0]?.text ?? ''}`);
        assert.match(shown[0].text, message, action);
        assert.ok(!shown[0].text.includes('evil'), action);
      }
      view.update();
      const rows = await rowsBelow(view, await nodeAt(view, 'team').catch(async () => (await view.getChildren())[0]));
      assert.ok(rows[0]?.startsWith(row), rows.join());
      fakeGitea.faults.clear();
      assert.deepEqual(fakeGitea.tags('team', 'app'), ['1', '2']);
      const [version] =
        (await rig.client.packages.versionsOf({ owner: 'team', name: 'app' }, { signal: never }).next()).value?.rows ??
        [];
      assert.equal(version?.repository, 'shop', 'the link is kept');
      assert.deepEqual(await store.credential(connection.origin), dev, 'the sign-in is kept');
      view.update();
      assert.equal((await rowsBelow(view, app)).filter((one) => /^[12] /.test(one)).length, 2, 'and works again');
    });
  }

  test('in the midst of a deletion, a sign-in page is not taken for “deleted”', async (t) => {
    for (const [action, path] of [
      ['delete a tag', /^\/v2\/team\/app\/manifests\/1/],
      ['delete an image', /^\/api\/v1\/packages\/team\/container\/app/],
    ] as const) {
      const rig = await buildRegistryRig(t);
      await pushImage(rig.client, 'team/app', ['1', '2']);
      const nodes = {
        app: await nodeAt(rig.registriesView, 'team', 'app'),
        tag: await nodeAt(rig.registriesView, 'team', 'app', '1'),
      };
      rig.fakeGitea.faults.add({ method: 'DELETE', path, times: Infinity, action: { kind: 'answer', reply: page } });
      takeShown();
      await actions[action]?.(rig, nodes);
      await setImmediate();
      const shown = takeShown().filter(({ element }) => ['error', 'information'].includes(element));
      assert.deepEqual(
        shown.map(({ element }) => element),
        ['error'],
      );
      assert.match(shown[0]?.text ?? '', /^Not deleted: .*(sign-in page|web page)/);
      assert.deepEqual(rig.fakeGitea.tags('team', 'app'), ['1', '2']);
    }
  });

  test('packages that were switched off after the sign-in are named', async (t) => {
    const rig = await buildRegistryRig(t);
    await pushImage(rig.client, 'team/app', ['1']);
    const tag = await nodeAt(rig.registriesView, 'team', 'app', '1');
    await rig.store.save(rig.connection, dev);
    await rig.access.contents(rig.connection);
    const reply = { ...textReply(404, 'Not found.'), headers: { 'Content-Type': 'text/plain;charset=utf-8' } };
    rig.fakeGitea.faults.add({ path: /^\/v2\/./, times: Infinity, action: { kind: 'answer', reply } });
    takeShown();
    await registriesCopyDigestCommand(rig, [tag]);
    await setImmediate();
    const [error] = takeShown().filter(({ element }) => element === 'error');
    assert.match(error?.text ?? '', /registry of 127\.0\.0\.1:\d+ is not there any more .*packages were switched off/);
  });

  test('a renamed owner is found, and the right image is deleted', async (t) => {
    const rig = await buildRegistryRig(t);
    const { fakeGitea, registriesView: view } = rig;
    await pushImage(rig.client, 'team/app', ['1', '2']);
    const tag = await nodeAt(view, 'team', 'app', '1');
    fakeGitea.directory.rename(fakeGitea.directory.owner('team') ?? assert.fail(), 'crew');
    press('Delete');
    await registriesDeleteCommand(rig, [tag]);
    assert.deepEqual(fakeGitea.tags('crew', 'app'), ['2']);
  });
});
