import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { Destination } from '../../../../../src/host/targets/target.ts';
import { FirstPushes } from '../../../../../src/host/views/registries/firstPushes.ts';
import { silentLogger } from '../../../../tools/silentLogger.ts';
import { pushImage } from '../../../gitea/pushContent.ts';
import { TreeView, useFakeVscode } from '../../support/fakeVscode.ts';

useFakeVscode();
const { buildRegistryRig, nodeAt } = await import('../../support/registryRig.ts');

/** The tag that was shown last, and how often one was shown. */
function shown(): readonly [string | undefined, number] {
  const { revealed } = TreeView.all.get('teaChest.registries') ?? assert.fail('no tree');
  const last = revealed.at(-1) as { readonly repository: string; readonly tag: string } | undefined;
  return [last && `${last.repository}:${last.tag}`, revealed.length];
}

suite('the first push to a registry', () => {
  test('is shown in the open Registries view; later ones leave it as it is', async (t) => {
    const { client, connection, registriesView } = await buildRegistryRig(t);
    const tree = TreeView.all.get('teaChest.registries') ?? assert.fail('no tree');
    const firstPushes = new FirstPushes({ registriesView, logger: silentLogger });
    const push = async (image: string): Promise<Destination> => {
      await pushImage(client, `team/${image}`, ['1']);
      return { connection, target: { host: connection.host, repository: `team/${image}`, tag: '1' } };
    };
    tree.show(true);
    firstPushes.add(await push('app'));
    firstPushes.add(await push('tool'));
    await firstPushes.show();
    assert.deepEqual(shown(), ['team/app:1', 1], 'the first of two that ran at the same time');
    await push('app');
    await firstPushes.show();
    assert.deepEqual(shown(), ['team/app:1', 1]);
  });

  test('opens no view that is closed or filtered, and no row that the person has collapsed', async (t) => {
    const { client, connection, registriesView } = await buildRegistryRig(t);
    const tree = TreeView.all.get('teaChest.registries') ?? assert.fail('no tree');
    await pushImage(client, 'team/app', ['1']);
    const tag = { origin: connection.origin, repository: 'team/app', tag: '1' };
    const show = async (): Promise<number> => {
      await registriesView.showPushed(tag);
      return shown()[1];
    };
    assert.equal(await show(), 0, 'closed');
    tree.show(true);
    const team = await nodeAt(registriesView, 'team');
    tree.collapse(team);
    assert.equal(await show(), 0, 'collapsed');
    tree.expand(team);
    registriesView.setFilter('tool');
    assert.equal(await show(), 0, 'filtered');
    registriesView.setFilter('');
    assert.equal(await show(), 1);
  });
});
