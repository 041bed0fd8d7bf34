import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { extensionManifest } from '../../tools/extensionManifest.ts';

const root = new URL('../../../', import.meta.url);

interface Manifest {
  readonly contributes: {
    readonly configuration: { readonly properties: Readonly<Record<string, { default: unknown }>> };
  };
}

test('the page of settings has a row for every setting, with its default, and no other', async () => {
  const { contributes } = extensionManifest() as Manifest;
  const page = await readFile(new URL('docs/settings.md', root), 'utf8');
  const rows = new Map(
    [...page.matchAll(/^\| `(teaChest\.[\w.]+)` +\|.*\| (\S.*?) +\|$/gm)].map(([, name = '', value = '']) => [
      name,
      value,
    ]),
  );
  const { properties } = contributes.configuration;
  assert.deepEqual([...rows.keys()].sort(), Object.keys(properties).sort());
  for (const [name, { default: value }] of Object.entries(properties)) {
    const isEmpty = value === '' || (Array.isArray(value) && value.length === 0);
    const expected = isEmpty ? /^(found by itself|empty|none)$/ : new RegExp(`^\`?${String(value)}\`?$`);
    assert.match(rows.get(name) ?? '', expected, name);
  }
});
