import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { suite, test } from 'node:test';
import { readSettingsQuery } from '../../../src/host/commands/arguments.ts';

interface Contributions {
  readonly commands: readonly { readonly command: string }[];
  readonly menus: Readonly<Record<string, readonly { readonly command: string; readonly when?: string }[]>>;
}

const read = async (path: string): Promise<string> => readFile(new URL(`../../../${path}`, import.meta.url), 'utf8');

async function contributions(): Promise<Contributions> {
  return (JSON.parse(await read('package.json')) as { readonly contributes: Contributions }).contributes;
}

suite('menus', () => {
  test('lead to no command of the automation contract: VS Code passes rows of trees, which it would refuse', async () => {
    const contract = [...(await read('docs/automation.md')).matchAll(/^## `(teaChest\.\w+)`/gm)].map(
      ([, name]) => name,
    );
    assert.ok(contract.includes('teaChest.signIn') && contract.includes('teaChest.pushImage'), 'the contract was read');
    const { menus } = await contributions();
    const places = ['view/title', 'view/item/context'].flatMap((place) => menus[place] ?? []);
    assert.ok(places.length > 10, 'the menus were read');
    assert.deepEqual(
      places.map(({ command }) => command).filter((command) => contract.includes(command)),
      [],
    );
  });

  test('every command of a menu is contributed, and each contributed command is registered', async () => {
    const { commands, menus } = await contributions();
    const known = commands.map(({ command }) => command);
    for (const { command } of Object.values(menus).flat()) assert.ok(known.includes(command), command);
    const source = await read('src/host/commands/registerCommands.ts');
    for (const command of known) {
      const name = command.slice('teaChest.'.length);
      assert.match(source, new RegExp(`^    '?${name.replace('.', '\\.')}'?: `, 'm'), command);
    }
  });

  test('a row in place of a query opens all the settings', () => {
    assert.equal(readSettingsQuery('teaChest.engine.host'), 'teaChest.engine.host');
    assert.equal(readSettingsQuery({ type: 'registry', id: 'https://h.example' }), 'teaChest');
    assert.equal(readSettingsQuery(undefined), 'teaChest');
  });
});
