import assert from 'node:assert/strict';
import { setImmediate } from 'node:timers/promises';
import { suite, test } from 'node:test';
import { neededScopes } from '../../../../src/core/gitea/tokenScopes.ts';
import type { RegistryNode } from '../../../../src/host/views/registries/registryTree.ts';
import { once } from '../../../tools/once.ts';
import * as fake from '../support/fakeVscode.ts';
import { pushImage } from '../../gitea/pushContent.ts';
import { never } from '../../gitea/testClient.ts';
import {
  inputAsking,
  installedExtensions,
  press,
  takeShown,
  useFakeVscode,
  type Shown,
} from '../support/fakeVscode.ts';
import type { RegistryRig } from '../support/registryRig.ts';

useFakeVscode();
const { buildRegistryRig, nodeAt } = await import('../support/registryRig.ts');
const { registriesLinkCommand, registriesUnlinkCommand } =
  await import('../../../../src/host/commands/registriesLink.ts');

/** What the person was shown, by the element that shows it. */
function textsOf(shown: readonly Shown[], element: string): readonly string[] {
  return shown.filter((one) => one.element === element).map(({ text }) => text);
}

/** The remotes of the open folder by VS Code's git extension. */
function useRemotes(...urls: readonly string[]): void {
  const remotes = urls.map((fetchUrl) => ({ fetchUrl }));
  const getAPI = (): unknown => ({ repositories: [{ state: { remotes } }] });
  installedExtensions.set('vscode.git', { isActive: true, exports: { getAPI } });
}

/** Gitea lets only these remove a link of an organization's package. */
function makeAdministrator({ fakeGitea }: RegistryRig): void {
  const team = fakeGitea.directory.owner('team') ?? assert.fail();
  assert.ok(team.kind === 'organization');
  for (const { permission, members } of team.teams) {
    if (permission === 'owner') members.add(fakeGitea.directory.user('dev').id);
  }
}

function addRepositories({ fakeGitea }: RegistryRig, ...names: readonly string[]): void {
  const team = fakeGitea.directory.owner('team') ?? assert.fail();
  for (const name of names) fakeGitea.directory.addRepository(team, name);
}

/** To which repository it is linked, by the server. */
function linkOf({ fakeGitea }: RegistryRig, image: string): string | undefined {
  return fakeGitea.packages.get(fakeGitea.directory.owner('team')?.id ?? 0, image)?.repository;
}

/** Chooses a repository by its name. */
async function linkTo(rig: RegistryRig, node: RegistryNode, repository: string): Promise<readonly Shown[]> {
  takeShown();
  const linking = registriesLinkCommand(rig, node);
  const list = await inputAsking(/To which repository of team/);
  list.type(repository);
  list.enter();
  await linking;
  await setImmediate();
  return takeShown();
}

/** Presses Cancel of the next progress that is shown. */
async function cancelProgress(): Promise<void> {
  const former = fake.lastProgress;
  while (fake.lastProgress === former) await setImmediate();
  fake.lastProgress?.cancel();
}

suite('Link and Unlink', () => {
  test('offer the repositories of the owner, that of the open folder first', async (t) => {
    const rig = await buildRegistryRig(t);
    makeAdministrator(rig);
    await pushImage(rig.client, 'team/app', ['1']);
    addRepositories(rig, 'another', 'source');
    useRemotes('git@127.0.0.1:Team/Source.git', 'https://github.com/team/another.git');
    t.after(() => {
      installedExtensions.clear();
    });
    const app = await nodeAt(rig.registriesView, 'team', 'app');
    takeShown();
    const linking = registriesLinkCommand(rig, app);
    const list = await inputAsking(/To which repository of team/);
    assert.deepEqual(
      list.items.map(({ label, description }) => [label, description]),
      [
        ['$(repo) source', 'the open folder'],
        ['$(repo) another', undefined],
      ],
    );
    list.enter();
    await linking;
    assert.match(textsOf(takeShown(), 'information')[0] ?? '', /team\/app is linked to the repository source now/);
    const linked = await nodeAt(rig.registriesView, 'team', 'app');
    assert.ok(linked.type === 'image' && linked.listed?.linkedTo === 'source');
    const moved = textsOf(await linkTo(rig, linked, 'another'), 'information')[0] ?? '';
    assert.match(moved, /team\/app is linked to the repository another now, and no longer to source\.$/);
    const relinked = await nodeAt(rig.registriesView, 'team', 'app');
    assert.ok(relinked.type === 'image' && relinked.listed?.linkedTo === 'another');
    takeShown();
    press('Unlink');
    await registriesUnlinkCommand(rig, relinked);
    assert.match(textsOf(takeShown(), 'warning')[0] ?? '', /^Unlink .*team\/app from the repository another\?$/);
    const unlinked = await nodeAt(rig.registriesView, 'team', 'app');
    assert.ok(unlinked.type === 'image' && unlinked.listed?.linkedTo === undefined);
  });

  test('with a token that may not list repositories say which scope it lacks, and take a typed name', async (t) => {
    const rig = await buildRegistryRig(t);
    await pushImage(rig.client, 'team/app', ['1']);
    const secret = rig.fakeGitea.createToken('dev', ['write:package', 'read:user', 'read:organization']);
    await rig.store.save(rig.connection, { username: 'dev', secret });
    addRepositories(rig, 'source');
    const app = await nodeAt(rig.registriesView, 'team', 'app');
    takeShown();
    const asking = registriesLinkCommand(rig, app);
    const shown = await inputAsking(/To which repository of team/);
    const [row, ...others] = shown.items;
    assert.equal(others.length, 0);
    assert.equal(row?.label, '$(warning) Type the name: the token lacks the scope read:repository');
    assert.equal(row.description, 'Create a Token');
    assert.match(
      row.detail ?? '',
      /does not let this token list the repositories of “team”: that needs the scope read:repository/,
    );
    shown.enter();
    await setImmediate();
    assert.deepEqual(textsOf(takeShown(), 'browser'), [`${rig.fakeGitea.url}/user/settings/applications`]);
    assert.match(shown.items[0]?.label ?? '', /Sign in again with the new token\. Or type the name/);
    shown.leave();
    await asking;
    for (const [typed, expected] of [
      [
        'nosuch',
        /could not link team\/app to “nosuch”: there is no such repository of this owner, or the server is older/,
      ],
      ['source', /is linked to the repository source now/],
    ] as const) {
      takeShown();
      const linking = registriesLinkCommand(rig, app);
      const list = await inputAsking(/To which repository/);
      list.type(typed);
      list.enter();
      await linking;
      await setImmediate();
      assert.match(
        takeShown()
          .map(({ text }) => text)
          .join('\n'),
        expected,
      );
    }
  });
});

suite('Link and Unlink of what the row does not show', () => {
  test('list the repositories with a token that a sign-in makes', async (t) => {
    const rig = await buildRegistryRig(t);
    await pushImage(rig.client, 'team/app', ['1']);
    const secret = rig.fakeGitea.createToken('dev', neededScopes);
    await rig.store.save(rig.connection, { username: 'dev', secret });
    addRepositories(rig, 'source');
    const asking = registriesLinkCommand(rig, await nodeAt(rig.registriesView, 'team', 'app'));
    const list = await inputAsking(/To which repository of team/);
    assert.deepEqual(
      list.items.map(({ label }) => label),
      ['$(repo) source'],
    );
    list.leave();
    await asking;
  });

  test('list again after a failure that may pass', async (t) => {
    const rig = await buildRegistryRig(t);
    await pushImage(rig.client, 'team/app', ['1']);
    addRepositories(rig, 'source');
    const app = await nodeAt(rig.registriesView, 'team', 'app');
    const refused = { status: 400, body: '{"message":"not now"}' };
    rig.fakeGitea.faults.add({ path: /\/repos/, action: { kind: 'answer', reply: refused } });
    const asking = registriesLinkCommand(rig, app);
    const failed = await inputAsking(/To which repository of team/);
    assert.equal(failed.items[0]?.description, 'Retry');
    assert.match(failed.items[0].detail ?? '', /not now/);
    failed.enter();
    await setImmediate();
    const list = await inputAsking(/To which repository of team/);
    assert.deepEqual(
      list.items.map(({ label }) => label),
      ['$(repo) source'],
    );
    list.leave();
    await asking;
  });

  test('read the link before they change it', async (t) => {
    const rig = await buildRegistryRig(t);
    makeAdministrator(rig);
    await pushImage(rig.client, 'team/app', ['1']);
    addRepositories(rig, 'another', 'source');
    const app = await nodeAt(rig.registriesView, 'team', 'app');
    assert.ok(app.type === 'image' && app.listed !== undefined);
    // As beyond the first versions of a large owner: only the name is known.
    const unread = { ...app, listed: { ...app.listed, pushedAt: undefined, tags: undefined, isRead: false } };
    assert.equal(rig.registriesView.getTreeItem(unread).contextValue, 'image.linked.web');
    await rig.client.packages.link({ owner: 'team', name: 'app' }, 'source', { signal: never });
    const [message = ''] = textsOf(await linkTo(rig, unread, 'another'), 'information');
    assert.match(message, /is linked to the repository another now, and no longer to source/);
    assert.equal(linkOf(rig, 'app'), 'another');
    press('Unlink');
    await registriesUnlinkCommand(rig, unread);
    assert.match(textsOf(takeShown(), 'warning')[0] ?? '', /^Unlink .*team\/app from the repository another\?$/);
    assert.equal(linkOf(rig, 'app'), undefined);
    await registriesUnlinkCommand(rig, unread);
    assert.match(textsOf(takeShown(), 'information')[0] ?? '', /team\/app is linked to no repository that you may see/);
  });

  test('say to what it is linked by somebody else, and what may be hidden', async (t) => {
    const rig = await buildRegistryRig(t);
    await pushImage(rig.client, 'team/app', ['1']);
    const team = rig.fakeGitea.directory.owner('team') ?? assert.fail();
    addRepositories(rig, 'another', 'source');
    const app = await nodeAt(rig.registriesView, 'team', 'app');
    const image = rig.fakeGitea.packages.get(team.id, 'app') ?? assert.fail();
    // Between our reading and our request.
    const onStrike = (): void => {
      image.repository = 'source';
    };
    rig.fakeGitea.faults.add({ method: 'POST', path: /link\/another/, action: { kind: 'delay', ms: 0 }, onStrike });
    const [taken = ''] = textsOf(await linkTo(rig, app, 'another'), 'error');
    assert.match(
      taken,
      /did not link team\/app to “another”: by now it is linked to “source”\. Nothing of it was changed/,
    );
    rig.fakeGitea.directory.addRepository(team, 'secret', true);
    const maySee = rig.fakeGitea.directory;
    maySee.maySeeRepository = (_owner, name) => name !== 'secret';
    image.repository = 'secret';
    const [hidden = ''] = textsOf(await linkTo(rig, app, 'another'), 'error');
    assert.match(hidden, /it is linked already, to a repository that you may not see\. Somebody who may write/);
  });

  test('say who may remove the link of an organization’s image', async (t) => {
    const rig = await buildRegistryRig(t);
    await pushImage(rig.client, 'team/app', ['1']);
    addRepositories(rig, 'another', 'source');
    const app = await nodeAt(rig.registriesView, 'team', 'app');
    await linkTo(rig, app, 'source');
    const [message = ''] = textsOf(await linkTo(rig, app, 'another'), 'error');
    assert.match(
      message,
      /answered 500 .*It may also be that you have no right to unlink team\/app: .* everybody but its owners and admin/,
    );
    assert.equal(linkOf(rig, 'app'), 'source');
  });
});

suite('a link that is moved', () => {
  for (const what of ['a failure', 'a cancel'] as const) {
    test(`is what it was after ${what}, and can be moved by a retry`, async (t) => {
      const rig = await buildRegistryRig(t);
      makeAdministrator(rig);
      await pushImage(rig.client, 'team/app', ['1']);
      addRepositories(rig, 'another', 'source');
      const app = await nodeAt(rig.registriesView, 'team', 'app');
      await linkTo(rig, app, 'source');
      const [reply, stall] = [{ status: 403, body: '{"message":"no"}' }, { kind: 'stall' as const }];
      rig.fakeGitea.faults.add({
        method: 'POST',
        path: /link\/another/,
        action: what === 'a cancel' ? stall : { kind: 'answer', reply },
        onStrike: () => {
          assert.equal(linkOf(rig, 'app'), undefined);
          if (what === 'a failure') press('Retry');
        },
      });
      const updated = once(rig.registriesView.onDidChangeTreeData);
      const linking = linkTo(rig, app, 'another');
      if (what === 'a cancel') await cancelProgress();
      const shown = await linking;
      await updated;
      if (what === 'a cancel') {
        assert.deepEqual(textsOf(shown, 'error'), []);
        assert.equal(linkOf(rig, 'app'), 'source');
      } else {
        assert.match(textsOf(shown, 'error')[0] ?? '', /does not let you link “app” to the repository “another”/);
        assert.match(
          textsOf(shown, 'information')[0] ?? '',
          /is linked to the repository another now, and no longer to source/,
        );
        assert.equal(linkOf(rig, 'app'), 'another');
      }
    });
  }

  test('and is lost says so', async (t) => {
    const rig = await buildRegistryRig(t);
    makeAdministrator(rig);
    await pushImage(rig.client, 'team/app', ['1']);
    addRepositories(rig, 'another', 'source');
    const app = await nodeAt(rig.registriesView, 'team', 'app');
    await linkTo(rig, app, 'source');
    const reply = { status: 403, body: '{"message":"read-only now"}' };
    rig.fakeGitea.faults.add({ method: 'POST', path: /-\/link/, times: 2, action: { kind: 'answer', reply } });
    const [message = ''] = textsOf(await linkTo(rig, app, 'another'), 'error');
    assert.match(
      message,
      /team\/app was unlinked from “source”, but could not be linked to “another”\. It could not be linked to “source” again either, so it may be linked to nothing now\. .*read-only now/,
    );
    const [now] = await rig.registriesView.getChildren(await nodeAt(rig.registriesView, 'team'));
    assert.ok(now?.type === 'image' && now.listed?.linkedTo === undefined, 'the view shows it');
  });
});
