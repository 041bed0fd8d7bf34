import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { digestOf } from '../../../../src/core/oci/digest.ts';
import { mediaTypes } from '../../../../src/core/oci/mediaTypes.ts';
import { bytesSource } from '../../../../src/core/ports/blobSource.ts';
import type { FakeGiteaOptions } from '../../../fakeGitea/options.ts';
import { controllerFor, seed, shownUntil } from '../support/controllerFor.ts';
import { lastButtons, press, takeShown } from '../support/fakeVscode.ts';
import { dev } from '../support/hostFakes.ts';

const { pushUnattended } = await import('../../../../src/host/push/pushUnattended.ts');

suite('the repository that the open folder names', () => {
  /** Pushes for real, as the runner of these tests only records. */
  async function store(host: Awaited<ReturnType<typeof controllerFor>>, ...repositories: string[]): Promise<void> {
    for (const repository of repositories) {
      const signal = AbortSignal.timeout(10_000);
      const contents = await host.access.contents(host.connection);
      const opened = await contents.open(repository, { signal });
      const config = Buffer.from('{}');
      await opened.uploadBlob(bytesSource(config, digestOf(config)), { signal, onSent: () => undefined });
      const descriptor = { mediaType: mediaTypes.ociConfig, digest: digestOf(config), size: config.length };
      const manifest = { schemaVersion: 2, mediaType: mediaTypes.ociManifest, config: descriptor, layers: [] };
      await opened.putManifest('1', Buffer.from(JSON.stringify(manifest)), mediaTypes.ociManifest, { signal });
    }
  }

  function linkOf({ fakeGitea }: Awaited<ReturnType<typeof controllerFor>>, owner: string, name: string) {
    const { directory, packages } = fakeGitea;
    return packages.get(directory.owner(owner)?.id ?? -1, name)?.repository;
  }

  async function ready(t: { after(work: () => unknown): void }, more: FakeGiteaOptions = {}) {
    const host = await controllerFor(t, { seed, ...more });
    const { fakeGitea, connection, controller } = host;
    const owner = fakeGitea.directory.owner('privateTeam');
    assert.ok(owner !== undefined);
    fakeGitea.directory.addRepository(owner, 'Code');
    host.folder.push('dev/other', 'privateteam/code');
    await store(host, 'privateteam/app', 'privateteam/tool', 'dev/app');
    const push = (target: string): Promise<unknown> =>
      controller.pushArguments({ image: 'app:1', target: `${connection.host}/${target}` });
    return { ...host, host, push };
  }

  const offer = 'Link to privateteam/code';

  test('is offered for a package that is not linked, by a button that links it and reads that back', async (t) => {
    const { host, push, connection } = await ready(t);
    press(offer);
    await push('privateteam/app:1');
    const said = await shownUntil('information', /is linked/);
    assert.match(
      said,
      new RegExp(`${connection.host}/privateteam/app is linked to the repository privateteam/code now`),
    );
    assert.equal(linkOf(host, 'privateteam', 'app'), 'Code');
    await push('privateteam/app:1');
    await shownUntil('information', /Pushed/);
    assert.ok(!lastButtons().includes(offer), 'what is linked is not offered again');
  });

  test('is offered once for each package, and not for an owner that it does not belong to', async (t) => {
    const { host, push, links } = await ready(t);
    const offers: boolean[] = [];
    for (const target of ['privateteam/app:1', 'privateteam/app:1', 'privateteam/tool:1', 'dev/app:1']) {
      press('Copy Pull Command');
      await push(target);
      await shownUntil('clipboard', /./);
      offers.push(lastButtons().some((title) => title.startsWith('Link to')));
    }
    assert.deepEqual(offers, [true, false, true, true]);
    links.setting = 'never';
    press('Copy Pull Command');
    await push('privateteam/app:1');
    await shownUntil('clipboard', /./);
    assert.ok(!lastButtons().includes(offer));
    assert.equal(linkOf(host, 'privateteam', 'app'), undefined);
  });

  test('is linked without a question if the person wants that, and a failure is shown', async (t) => {
    const { host, push, links, fakeGitea, controller, connection } = await ready(t);
    links.setting = 'always';
    await push('privateteam/app:1');
    await shownUntil('information', /Pushed/);
    assert.equal(linkOf(host, 'privateteam', 'app'), 'Code');
    const images = ['app', 'tool'].map((image) => ({ image, target: `${connection.host}/privateteam/${image}:1` }));
    await controller.pushEach(images);
    await shownUntil('information', /Pushed 2/);
    assert.equal(linkOf(host, 'privateteam', 'tool'), 'Code');
    await push('dev/app:1');
    const failure = await shownUntil('error', /not linked/);
    assert.match(failure, /dev\/app was pushed, but not linked to dev\/other.*no such repository of this owner/);
    assert.deepEqual(fakeGitea.openSessions(), []);
  });

  test('is linked by a push without a person too, only if links are always made, and a failure is a notice', async (t) => {
    const { host, links, connection } = await ready(t);
    const pushAll = async (...names: readonly string[]): Promise<readonly (readonly string[])[]> => {
      const all = names.map((name) => ({ image: 'app:1', target: `${connection.host}/${name}:1` }));
      const parts = { ...host, memory: { last: () => undefined }, onPushed: () => undefined };
      const outcomes = await pushUnattended(parts, all, { signal: AbortSignal.timeout(10_000) });
      return outcomes.map((one) => ('result' in one ? one.result.notices : assert.fail(one.error)));
    };
    takeShown();
    await pushAll('privateteam/app');
    assert.equal(linkOf(host, 'privateteam', 'app'), undefined);
    links.setting = 'always';
    const [linked, refused] = await pushAll('privateteam/app', 'dev/app');
    assert.equal(linkOf(host, 'privateteam', 'app'), 'Code');
    assert.deepEqual(linked, []);
    assert.match(refused?.[0] ?? '', /dev\/app was pushed, but not linked to dev\/other: .*no such repository/);
    assert.deepEqual(takeShown(), []);
  });

  test('of several images is offered by one button', async (t) => {
    const { host, controller, connection } = await ready(t);
    press(offer);
    const images = ['app', 'tool'].map((image) => ({ image, target: `${connection.host}/privateteam/${image}:1` }));
    await controller.pushEach(images);
    assert.match(await shownUntil('information', /linked/), /^2 packages are linked to the repository/);
    for (const name of ['app', 'tool']) assert.equal(linkOf(host, 'privateteam', name), 'Code');
  });

  test('is linked in the browser where the server has no request for it', async (t) => {
    const { store: saved, connection, push } = await ready(t, { version: '1.22.6' });
    await saved.save({ ...connection, version: '1.22.6' }, dev);
    press(`${offer}…`);
    await push('privateteam/app:1');
    const page = await shownUntil('browser', /./);
    assert.equal(page, `${connection.webRoot}/privateteam/-/packages/container/app/1/settings`);
  });
});
