import assert from 'node:assert/strict';
import { glob, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { neededScopes } from '../../../src/core/gitea/tokenScopes.ts';
import { extensionManifest } from '../../tools/extensionManifest.ts';
import { projectRoot } from '../../tools/projectPaths.ts';

interface Walkthrough {
  readonly steps: readonly {
    readonly id: string;
    readonly description: string;
    readonly media: { readonly markdown: string };
    readonly completionEvents?: readonly string[];
  }[];
}

interface Manifest {
  readonly contributes: {
    readonly walkthroughs: readonly Walkthrough[];
    readonly commands: readonly { readonly command: string }[];
    readonly views: Readonly<Record<string, readonly { readonly id: string }[]>>;
  };
}

const { contributes } = extensionManifest() as Manifest;
const steps = contributes.walkthroughs.flatMap((walkthrough) => walkthrough.steps);
const views = Object.values(contributes.views)
  .flat()
  .map(({ id }) => id);
const commands = new Set([
  ...contributes.commands.map(({ command }) => command),
  ...views.map((view) => `${view}.focus`),
]);

suite('the walkthrough', () => {
  test('has buttons for commands that exist', () => {
    for (const { id, description } of steps) {
      const buttons = [...description.matchAll(/\]\(command:([\w.]+)\)/g)].map(([, command = '']) => command);
      assert.ok(buttons.length > 0, `${id} has a button`);
      for (const command of buttons) assert.ok(commands.has(command), command);
    }
  });

  test('has a text for each step', async () => {
    for (const { media } of steps) {
      assert.match(await readFile(join(projectRoot, media.markdown), 'utf8'), /^## .+\n\n/, media.markdown);
    }
  });

  test('names the scopes of the token that replaces a password, in each language', async () => {
    let count = 0;
    for await (const page of glob('media/walkthrough/signIn*.md', { cwd: projectRoot })) {
      count += 1;
      const text = await readFile(join(projectRoot, page), 'utf8');
      const named = [...text.matchAll(/`(\w+:\w+)`/g)].map(([, scope]) => scope);
      assert.deepEqual(named, neededScopes, page);
    }
    assert.ok(count > 1, 'with its translations');
  });

  test('completes a step by what happened: context keys that the extension sets, and commands', async () => {
    let source = '';
    for await (const file of glob('src/host/**/*.ts', { cwd: projectRoot })) {
      source += await readFile(join(projectRoot, file), 'utf8');
    }
    for (const event of steps.flatMap(({ completionEvents = [] }) => completionEvents)) {
      const [kind, what = ''] = event.split(':');
      // Not onView: all views open with the side bar, before anything has happened.
      if (kind === 'onCommand') assert.ok(commands.has(what), event);
      else assert.ok(kind === 'onContext' && source.includes(`'setContext', '${what.split(' ')[0] ?? ''}'`), event);
    }
  });
});
