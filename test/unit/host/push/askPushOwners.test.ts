import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { TeaChestError } from '../../../../src/core/base/errors.ts';
import type { PushSources } from '../../../../src/host/push/pushSources.ts';
import { formatTarget } from '../../../../src/host/targets/target.ts';
import { inputAsking, type QuickInput, said, useFakeVscode } from '../support/fakeVscode.ts';
import { ownersNamed } from '../support/hostFakes.ts';
import { gitea, accessTo, sources, labels, proposal, change, ownerList } from '../support/pushDialog.ts';

useFakeVscode();
const { askPush } = await import('../../../../src/host/push/askPush.ts');

suite('an owner that the registry refuses', () => {
  const refusals = {
    guild: new TeaChestError('ownerNotFound', 'gitea.test has no owner “guild”.'),
    slow: new TeaChestError('registryUnreachable', 'gitea.test does not answer.'),
    taem: new TeaChestError('ownerNotFound', 'gitea.test has no owner “taem”.'),
    readers: new TeaChestError('accessDenied', 'You may only pull there.'),
  };
  const owners = ownersNamed(['dev', 'team'], { complete: true, readOnly: ['readers'] });
  const access = accessTo(owners, refusals);

  /** The rows, once the list says why it stays open. */
  async function refusalIn(list: QuickInput): Promise<string> {
    while (!list.enabled || list.items[0]?.label.startsWith('$(error)') !== true) await nextTurn();
    return list.items[0].label;
  }

  test('is shown in the list, with the nearest that may be pushed to, before anything else is asked', async () => {
    const asked = askPush(sources({ access }), { image: 'app:1' });
    const list = await ownerList();
    for (const [typed, reason, detail] of [
      ['guild', '$(error) gitea.test has no owner “guild”.', undefined],
      ['taem', '$(error) gitea.test has no owner “taem”.', 'Did you mean “team”?'],
      ['readers', '$(error) You may only pull there.', undefined],
    ] as const) {
      list.type(typed);
      list.enter();
      assert.equal(await refusalIn(list), reason);
      assert.ok(detail === undefined || list.items[0]?.detail === detail);
    }
    list.type('taem');
    list.enter();
    await refusalIn(list);
    assert.deepEqual(labels(list).slice(1, 2), ['team']);
    list.take(list.items[1]);
    (await proposal()).enter();
    assert.equal((await asked)?.target.repository, 'team/app');
  });

  test('is shown in the box of another owner, and at a suggested target', async () => {
    const target = { host: 'gitea.test', repository: 'guild/app', tag: '1' };
    const memory = { last: () => ({ origin: gitea.origin, target }), owners: () => [] };
    const store = { list: () => [gitea], findByHost: () => gitea };
    const asked = askPush(sources({ access, memory, store }), { image: 'app:1' });
    const suggestion = await proposal();
    suggestion.enter();
    assert.match(await refusalIn(suggestion), /no owner “guild”/);
    const list = await ownerList();
    list.take(list.items.at(-1));
    const box = await inputAsking(/User or organization/);
    box.type('guild');
    box.enter();
    assert.match(await said(box), /no owner “guild”/);
    box.type('dev');
    box.enter();
    (await proposal()).enter();
    assert.equal((await asked)?.target.repository, 'dev/app');
  });

  test('is asked for once; what another answer does not help against is left to the push', async () => {
    const checked: string[] = [];
    const counting: PushSources['access'] = {
      ...access,
      checkAccess: (connection, repository) => {
        checked.push(repository);
        return access.checkAccess(connection, repository);
      },
    };
    for (const owner of ['team', 'slow']) {
      const asked = askPush(sources({ access: counting }), { image: 'app:1' });
      const list = await ownerList();
      list.type(owner);
      list.enter();
      (await proposal()).enter();
      assert.equal((await asked)?.target.repository, `${owner}/app`);
    }
    // Each dialog also asks for the owner that it proposes.
    assert.deepEqual(checked, ['dev/app', 'team/app', 'dev/app', 'slow/app']);
  });
});

suite('a whole target that is pasted where a part of one is asked for', () => {
  const store = {
    list: () => [gitea],
    findByHost: (host: string) => (host === 'gitea.test' ? gitea : undefined),
  };

  test('answers all questions, in each of them', async () => {
    const target = { host: 'gitea.test', repository: 'dev/app', tag: '1' };
    const memory = { last: () => ({ origin: gitea.origin, target }), owners: () => [] };
    for (const pasted of [
      'docker push gitea.test/team/tool:9',
      'https://gitea.test/team/-/packages/container/tool/9',
      'gitea.test/team/tool:9',
    ]) {
      for (const part of ['', 'Owner', 'Name']) {
        const asked = askPush(sources({ store, memory }), { image: 'app:1' });
        if (part !== '') await change(part);
        const input = await inputAsking(
          part === '' ? /Where should/ : new RegExp(`${part.toLowerCase()} on|${part} of`),
        );
        input.type(pasted);
        if (part !== 'Name') {
          assert.equal(labels(input)[0], '$(clippy) gitea.test/team/tool:9 (as pasted)');
        } else assert.match(await said(input), /To gitea\.test\/team\/tool:9/);
        input.enter();
        assert.equal(formatTarget((await asked)?.target ?? assert.fail()), 'gitea.test/team/tool:9');
      }
    }
  });

  test('is refused with a reason if it is none, or if the person is not signed in there', async () => {
    const asked = askPush(sources({ store }), { image: 'app:1' });
    const list = await ownerList();
    for (const [pasted, reason] of [
      ['docker push elsewhere.test/team/tool:9', /not signed in to elsewhere\.test/],
      ['helm push app.tgz oci://gitea.test/team', /publishes charts/],
      ['https://gitea.test/user/settings', /shows no image/],
      ['docker push gitea.test/team/a__b:1', /only one \. _ or -/],
    ] as const) {
      list.type(pasted);
      assert.match(labels(list)[0] ?? '', reason);
    }
    list.leave();
    assert.equal(await asked, undefined);
  });
});

suite('who can pull from the target', () => {
  test('stands beside the suggested target and in the question for the tag', async () => {
    const target = { host: 'gitea.test', repository: 'team/app', tag: '1' };
    const memory = { last: () => ({ origin: gitea.origin, target }), owners: () => [] };
    const store = { list: () => [gitea], findByHost: () => gitea };
    const asked = askPush(sources({ memory, store }), { image: 'app:1' });
    const list = await proposal();
    while (list.items[0]?.description?.includes('public') !== true) await nextTurn();
    assert.equal(labels(list)[0], '$(cloud-upload) Push to gitea.test/team/app:1 (as last time · public)');
    await change('Tag');
    const tag = await inputAsking(/Tag of gitea\.test\/team\/app \(public: anybody can pull it\)/);
    tag.enter();
    (await proposal()).enter();
    assert.equal((await asked)?.target.repository, 'team/app');
  });
});
