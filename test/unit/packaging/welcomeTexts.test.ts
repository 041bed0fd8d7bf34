import assert from 'node:assert/strict';
import { test } from 'node:test';
import { extensionManifest } from '../../tools/extensionManifest.ts';

interface Manifest {
  readonly contributes: { readonly viewsWelcome: readonly { readonly view: string; readonly when: string }[] };
}

type Keys = Readonly<Record<string, string>>;

/** A `when` clause of the forms that the welcome texts use. */
function isTrue(when: string, keys: Keys): boolean {
  return when.split(' && ').every((part) => {
    const [, absent] = /^!([\w.]+)$/.exec(part) ?? [];
    if (absent !== undefined) return (keys[absent] ?? '') === '';
    const [, name = assert.fail(part), value] = /^([\w.]+) == (\w+)$/.exec(part) ?? [];
    return keys[name] === value;
  });
}

const origins = ['setting', 'environment', 'context', ''];

test('an Images view without images has one welcome text, whatever the engine is like', () => {
  const manifest = extensionManifest() as Manifest;
  const whens = manifest.contributes.viewsWelcome.filter(({ view }) => view === 'teaChest.images');
  const states: Keys[] = [
    ...['none', 'onlyDangling'].map((images) => ({ engine: 'ready', images, engineOrigin: '' })),
    ...['notFound', 'stopped', 'noPermission', 'failed', 'contextMissing', 'oldGroups'].flatMap((engine) =>
      origins.map((engineOrigin) => ({ engine, images: 'none', engineOrigin })),
    ),
  ];
  for (const state of states) {
    const keys = Object.fromEntries(Object.entries(state).map(([key, value]) => [`teaChest.${key}`, value]));
    const shown = whens.filter(({ when }) => isTrue(when, keys));
    assert.equal(shown.length, 1, `${JSON.stringify(state)}: ${JSON.stringify(shown)}`);
  }
});
