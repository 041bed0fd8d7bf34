import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { suite, test } from 'node:test';
import type { CommandDependencies } from '../../../../src/host/commands/commandTable.ts';
import { buildImageTree, contextValueOf, type ImageNode } from '../../../../src/host/views/images/imageTree.ts';
import {
  connectionNode,
  noteNode,
  ownerNode,
  imageNode,
  tagNode,
} from '../../../../src/host/views/registries/registryTree.ts';
import { extensionManifest } from '../../../tools/extensionManifest.ts';
import { press, registeredCommands, takeShown, useFakeVscode } from '../support/fakeVscode.ts';
import { connectionTo, imageNamed } from '../support/hostFakes.ts';

useFakeVscode();
const { commandTable } = await import('../../../../src/host/commands/commandTable.ts');
const { registerCommands } = await import('../../../../src/host/commands/registerCommands.ts');
const { registryItem } = await import('../../../../src/host/views/registries/registryItem.ts');
const { showDangling } = await import('../../../../src/host/config.ts');

interface MenuEntry {
  readonly command: string;
  readonly when?: string;
}

interface Contributions {
  readonly commands: readonly { readonly command: string }[];
  readonly keybindings: readonly { readonly command: string; readonly when: string }[];
  readonly menus: Readonly<Record<'commandPalette' | 'view/title' | 'view/item/context', readonly MenuEntry[]>>;
}

const root = new URL('../../../../', import.meta.url);
const manifest = extensionManifest() as { contributes: Contributions };
const { commands, keybindings, menus } = manifest.contributes;
const names = commands.map(({ command }) => command);

const listed = { name: 'app', pushedAt: undefined, tags: ['1'], linkedTo: undefined, isRead: true };

/** The commands with dependencies that record what is done. */
function recorded() {
  const done: unknown[] = [];
  const note =
    (what: string) =>
    (...args: readonly unknown[]) =>
      Promise.resolve(void done.push([what, ...args]));
  const dependencies = {
    access: { refresh: note('refresh access') },
    images: { reconnect: note('reconnect') },
    imagesView: { selection: [] },
    registriesView: { update: note('update registries'), selection: [] },
    push: { askAndPush: note('ask and push'), pushArguments: note('push'), pushAll: note('push all') },
    inContainerTools: { sharing: { stop: note('stop sharing') }, loadMore: note('load more') },
    channel: { show: note('show log') },
    cleanup: { signOut: note('sign out') },
    store: { list: () => [] },
  };
  const given = dependencies as unknown as CommandDependencies;
  return { done, table: commandTable(given), registration: registerCommands(manifest.contributes, given) };
}

async function run(name: string, ...args: readonly unknown[]): Promise<unknown> {
  return await (registeredCommands.get(`teaChest.${name}`) ?? assert.fail(name))(...args);
}

/** The commands of a row's context menu in a view. */
function menuOf(view: string, viewItem: string): readonly string[] {
  const entries = menus['view/item/context'].filter(({ when = '' }) => {
    const [, id, pattern = ''] = /^view == (\S+) && viewItem =~ \/(.+?)\/(?: && .*)?$/.exec(when) ?? assert.fail(when);
    return id === view && new RegExp(pattern).test(viewItem);
  });
  return [...new Set(entries.map(({ command }) => command))].sort();
}

suite('the commands of package.json', () => {
  test('are registered, all of them and no others, until the registration is disposed of', () => {
    const { registration, table } = recorded();
    assert.deepEqual(Object.keys(table).sort(), names.toSorted());
    assert.deepEqual([...registeredCommands.keys()].sort(), names.toSorted());
    registration.dispose();
    assert.equal(registeredCommands.size, 0);
  });

  test('include every command of a menu', () => {
    const contributed = new Set(commands.map(({ command }) => command));
    for (const { command } of Object.values(menus).flat()) assert.ok(contributed.has(command), command);
  });

  test('have keys only for commands that exist, and only while the rows of one view have the focus', () => {
    const names = new Set(commands.map(({ command }) => command));
    assert.ok(keybindings.length > 0);
    for (const { command, when } of keybindings) {
      assert.ok(names.has(command), command);
      const view = /^teaChest\.(images|registries|pushes)\./.exec(command)?.[1] ?? assert.fail(command);
      assert.equal(when, `focusedView == teaChest.${view} && listFocus && !inputFocus`);
    }
  });

  test('in menus of views are not those of the automation contract, which refuse the row that VS Code passes', async () => {
    const page = await readFile(new URL('docs/automation.md', root), 'utf8');
    const contract = new Set([...page.matchAll(/^## `(teaChest\.\w+)`/gm)].map(([, name]) => name));
    assert.ok(contract.has('teaChest.signIn') && contract.has('teaChest.pushImage'));
    for (const { command } of [...menus['view/title'], ...menus['view/item/context']]) {
      assert.ok(!contract.has(command), command);
    }
  });
});

suite('the context menus', () => {
  const app: ImageNode[] = [...buildImageTree([imageNamed('app:1')], { showDangling: true })];
  const untagged = [...buildImageTree([{ ...imageNamed('x'), references: [] }], { showDangling: true })];
  const several = buildImageTree([imageNamed('app:1'), imageNamed('app:2')], { showDangling: true });

  test('of images offer what the row has', () => {
    const menu = (node: ImageNode | undefined): readonly string[] =>
      menuOf('teaChest.images', contextValueOf(node ?? assert.fail())).map((id) => id.replace('teaChest.images.', ''));
    const ofTag = ['compare', 'copyId', 'copyReference', 'previewPush', 'push', 'showLayers'];
    assert.deepEqual(menu(app[0]), ofTag);
    assert.deepEqual(menu(several[0]?.tags[0]), ofTag);
    assert.deepEqual(menu(untagged[0]), ['copyId', 'previewPush', 'push', 'showLayers']);
    assert.deepEqual(menu(several[0]), ['compare', 'previewPush', 'push', 'pushAllTags']);
  });

  test('of registries offer what the row has', () => {
    const connection = connectionTo('https://gitea.test');
    const image = imageNode(connection, 'dev', listed);
    const nodes = [
      connectionNode(connection),
      connectionNode(connectionTo('https://other.test', { kind: 'generic' })),
      ownerNode(connection, 'dev'),
      image,
      tagNode(image, { tag: '1', version: undefined }),
      noteNode('parent', 'No images yet'),
    ];
    const offered = nodes.map((node) =>
      menuOf('teaChest.registries', registryItem(node, 0).contextValue ?? '')
        .map((id) => id.replace('teaChest.registries.', ''))
        .join(),
    );
    assert.deepEqual(offered, [
      'addOwner,openInBrowser,signOut',
      'addOwner,signOut',
      'openInBrowser',
      'cleanUp,copyReference,delete,link,openInBrowser',
      'compare,compareSelected,copyAs,copyDigest,copyPullCommand,copyReference,delete,openInBrowser,pull,retag,showConfig,showHistory,showManifest',
      '',
    ]);
  });
});

suite('a command', () => {
  test('that could not be loaded is loaded by the next call', async () => {
    const done: string[] = [];
    const failures = [new Error('EMFILE: too many open files')];
    const dependencies = {
      get channel() {
        const failure = failures.shift();
        if (failure !== undefined) throw failure;
        return { show: () => done.push('show log') };
      },
    };
    const registration = registerCommands(
      { commands: [{ command: 'teaChest.showLog' }], menus: { 'view/item/context': [] } },
      dependencies as unknown as CommandDependencies,
    );
    await assert.rejects(run('showLog'), /EMFILE/);
    await run('showLog');
    assert.deepEqual(done, ['show log']);
    registration.dispose();
  });

  const connection = connectionTo('https://gitea.test');
  const image = imageNode(connection, 'dev', listed);
  const rows = buildImageTree([imageNamed('app:1'), imageNamed('app:2'), imageNamed('tool:1')], { showDangling: true });

  test('of the Images view applies to the selected rows, or else to the clicked one', async () => {
    const { done } = recorded();
    const [app, tool] = [rows.find(({ name }) => name === 'app'), rows.find(({ name }) => name === 'tool')];
    assert.ok(app && tool);
    takeShown();
    await run('images.copyReference', app, [app, tool]);
    await run('images.copyReference', tool);
    assert.deepEqual(
      takeShown().map(({ text }) => text),
      ['app:1\napp:2\ntool:1', 'tool:1'],
    );
    await run('images.push', tool);
    press('app:2');
    await run('images.push', app);
    assert.deepEqual(done, [
      ['push all', ['tool:1']],
      ['push all', ['app:2']],
    ]);
    await run('images.push', app);
    assert.equal(done.length, 2, 'the person chose no tag');
  });

  test('of the Registries view uses the row', async () => {
    const { done } = recorded();
    const version = tagNode(image, { tag: '1', version: undefined });
    takeShown();
    await run('registries.copyReference', image);
    await run('registries.copyPullCommand', version);
    await run('registries.openInBrowser', version);
    const shown = takeShown().map(({ text }) => text);
    assert.deepEqual(shown.slice(0, 2), ['gitea.test/dev/app', 'docker pull gitea.test/dev/app:1']);
    assert.match(shown[2] ?? '', /^https:\/\/gitea\.test\/dev\/-\/packages\/container\/app\/1$/);
    press('Sign Out');
    await run('registries.signOut', connectionNode(connection));
    await run('registries.signOut', image);
    assert.deepEqual(done, [['sign out', connection.origin]]);
    await run('registries.refresh');
    assert.deepEqual(done.slice(1), [['refresh access'], ['update registries']]);
    assert.equal(done.length, 3);
  });

  test('of a row that VS Code no longer has does nothing, and says so; a key stands for the selection', async () => {
    const { done } = recorded();
    const node = connectionNode(connection);
    const lost = 'Nothing was done: the view was just being read again. Choose the command once more.';
    for (const { command } of menus['view/item/context']) {
      for (const args of [[undefined], [undefined, undefined], [node, [node, undefined]]]) {
        takeShown();
        await run(command.replace('teaChest.', ''), ...args);
        assert.deepEqual(
          takeShown().map(({ text }) => text),
          [lost],
          command,
        );
      }
    }
    assert.deepEqual(done, []);
    await run('registries.copyReference');
    await run('registries.reconnect', undefined);
    assert.deepEqual([takeShown(), done], [[], []], 'nothing is selected');
  });

  test('of a row that is given something else does nothing, and says so to the caller', async () => {
    const { done } = recorded();
    takeShown();
    const own = menus['view/item/context'].filter(({ when = '' }) => when.startsWith('view == teaChest.'));
    assert.ok(own.length > 30);
    for (const { command } of own) {
      for (const args of [
        ['app:1'],
        [7],
        [null],
        [[]],
        [{}],
        [{ image: 'app:1' }],
        [rows[0], 'app:1'],
        [rows[0], [7]],
      ]) {
        await assert.rejects(run(command.replace('teaChest.', ''), ...args), {
          ...{ code: 'argumentInvalid', stage: 'resolve' },
          message: `The command ${command} is for the rows of a view, and takes nothing else. Nothing was done.`,
        });
      }
    }
    assert.deepEqual([done, takeShown()], [[], []]);
  });

  test('changes the setting, shows the log, reconnects to the engine', async () => {
    const { done } = recorded();
    await run('images.showDangling');
    assert.equal(showDangling(), true);
    await run('images.hideDangling');
    assert.equal(showDangling(), false);
    await run('showLog');
    await run('images.refresh');
    assert.deepEqual(done, [['show log'], ['reconnect']]);
  });

  test('opens the settings that are asked for, or all of them for the row of a view', async () => {
    recorded();
    takeShown();
    await run('openSettings', 'teaChest.engine.host');
    await run('openSettings', connectionNode(connection));
    await run('openSettings');
    assert.deepEqual(
      takeShown().map(({ text }) => text.replace('workbench.action.openSettings ', '')),
      ['teaChest.engine.host', 'teaChest', 'teaChest'],
    );
  });

  test('`pushImage` asks without an argument, and reads the argument otherwise', async () => {
    const { done } = recorded();
    await run('pushImage');
    await run('pushImage', { image: 'app:1', strategy: 'relay' });
    assert.deepEqual(done, [['ask and push'], ['push', { image: 'app:1', strategy: 'relay' }]]);
    await assert.rejects(run('pushImage', { image: 'app:1', tag: 'x' }), { code: 'argumentInvalid', stage: 'resolve' });
  });
});
