import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Engine } from '../../../src/core/docker/client/engine.ts';
import { discoverEndpoint } from '../../../src/core/docker/endpoint/discoverEndpoint.ts';
import { EngineLink } from '../../../src/host/engine/engine.ts';
import { ImageList } from '../../../src/host/engine/imageList.ts';
import { changeAnswers, type ChangedAnswers } from '../../tools/changedAnswers.ts';
import { startPrivateEngine, type Engine as RealEngine } from '../../tools/engine.ts';
import { loadImage } from '../../tools/images.ts';
import { provision } from '../../tools/provision.ts';
import { silentLogger } from '../../tools/silentLogger.ts';

let real: RealEngine;
let proxy: ChangedAnswers;

before(async () => {
  await provision(['engine']);
  real = await startPrivateEngine();
  proxy = await changeAnswers(real);
});

after(async () => {
  await proxy.close();
  await real.stop();
});

/** The list as the extension has it, behind a proxy that logs the requests. */
async function openList() {
  const endpoint = await discoverEndpoint({ host: proxy.host });
  const link = new EngineLink(() => Promise.resolve(new Engine(endpoint)));
  let changed = Promise.withResolvers<undefined>();
  const list = new ImageList(link, silentLogger, () => {
    changed.resolve(undefined);
  });
  const names = (): readonly string[] =>
    list.state.kind === 'ready' ? list.state.images.flatMap(({ references }) => references) : [];
  return {
    list,
    names,
    count: () => (list.state.kind === 'ready' ? list.state.images.length : 0),
    /** Resolves when the list is so. */
    until: async (isSo: () => boolean) => {
      for (; !isSo(); changed = Promise.withResolvers<undefined>()) await changed.promise;
    },
    asked: () => proxy.requests.splice(0).map((url) => url.replace(/^\/v1\.\d+/, '').replace(/\?.*$/, '')),
    [Symbol.asyncDispose]: async () => {
      list.dispose();
      link.dispose();
      await Promise.resolve();
    },
  };
}

/** Resolves when the engine has reported this. */
async function reported(action: string, work: () => Promise<unknown>): Promise<void> {
  const engine = new Engine(await discoverEndpoint({ host: real.host }));
  const { signal } = new AbortController();
  for await (const event of engine.events({ signal })) {
    if (event.action === 'connected') void work();
    if (event.action === action) break;
  }
  engine.dispose();
}

test('a hidden view sends nothing to the engine, whatever happens there; shown again, it lists once', async () => {
  await loadImage(real, { tags: ['app:1'], layers: [{ a: 'a' }] });
  await using opened = await openList();
  const { list, names, asked, until } = opened;
  list.setVisible(true);
  await list.open();
  assert.deepEqual(asked().sort(), ['/containers/json', '/events', '/images/json', '/version']);
  await reported('tag', () => real.docker(['tag', 'app:1', 'app:2']));
  await until(() => names().includes('app:2'));
  asked();

  list.setVisible(false);
  await reported('tag', () => real.docker(['tag', 'app:1', 'app:3']));
  await reported('untag', () => real.docker(['rmi', 'app:2']));
  list.setFocused(false);
  list.setFocused(true);
  assert.deepEqual(asked(), []);
  assert.deepEqual(names().toSorted(), ['app:1', 'app:2']);

  list.setVisible(true);
  await until(() => names().includes('app:3'));
  assert.deepEqual(names().toSorted(), ['app:1', 'app:3']);
  assert.deepEqual(asked().sort(), ['/containers/json', '/images/json']);
});

test('a build that sends no event shows when the window gets the focus', async () => {
  await using opened = await openList();
  const { list, count, until } = opened;
  list.setVisible(true);
  list.setFocused(false);
  await list.open();
  const before = count();
  await real.docker(['build', '--quiet', '-'], { input: 'FROM scratch\nCMD ["/untagged"]\n' });
  list.setFocused(true);
  await until(() => count() === before + 1);
});
