import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readdir, readFile, symlink } from 'node:fs/promises';
import net from 'node:net';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';

import { Engine } from '../../../src/core/docker/client/engine.ts';
import { discoverEndpoint } from '../../../src/core/docker/endpoint/discoverEndpoint.ts';
import { createCloser } from '../../tools/closer.ts';
import { startPrivateEngine, type Engine as RealEngine } from '../../tools/engine.ts';
import { needCommand } from '../../tools/findCommand.ts';
import { loadImages } from '../../tools/images.ts';
import { makeScratch } from '../../tools/scratch.ts';
import { startService, waitFor } from '../../tools/service.ts';
import { startSshServer, type SshServer } from '../../tools/sshd.ts';

const { signal } = new AbortController();
const imageCount = 100;

/** sshd refuses every connection while two others have not signed in yet. */
const maxStartups = '2:100:2';

suite('an engine by ssh', { timeout: 240_000 }, () => {
  const closer = createCloser();
  const searchPath = process.env['PATH'];
  let real: RealEngine;
  let ssh: SshServer;
  let engineSocket: string;

  before(async () => {
    real = await startPrivateEngine();
    closer.add(() => real.stop());
    ssh = await startSshServer({ maxStartups });
    closer.add(() => ssh.stop());
    engineSocket = real.host.slice('unix://'.length);
    const numbers = Array.from({ length: imageCount }, (_, index) => String(index + 1));
    const layers = [{ 'app/data': '1' }];
    await loadImages(
      real,
      numbers.map((number) => ({ tags: [`tiny:${number}`], layers, labels: { number } })),
    );
    process.env['PATH'] = ssh.path;
  });

  after(async () => {
    process.env['PATH'] = searchPath;
    await closer.close();
  });

  const connect = async (server: SshServer, socket: string): Promise<Engine> =>
    new Engine(await discoverEndpoint({ host: `ssh://${server.destination}${socket}` }));

  test('lists 100 images with their platforms, and its events, by two connections', async (t) => {
    const engine = await connect(ssh, engineSocket);
    const before = ssh.connections.length;
    const startedAt = performance.now();
    const events = engine.events({ signal });
    const connected = events.next();
    const images = await engine.listImages({ signal });
    t.diagnostic(`listed after ${Math.round(performance.now() - startedAt)} ms`);
    const platforms = await Promise.all(images.map((image) => engine.platformsOf(image, { signal })));
    t.diagnostic(`${images.length} images after ${Math.round(performance.now() - startedAt)} ms`);
    assert.equal(images.length, imageCount);
    assert.equal(platforms.flat().length, imageCount);
    assert.ok(platforms.flat().every(({ os, architecture }) => `${os}/${architecture}` === 'linux/amd64'));
    assert.equal((await connected).value?.action, 'connected');
    assert.equal(ssh.connections.length - before, 2);
    engine.dispose();
    await assert.rejects(events.next());
  });

  test('is reached although the server drops connections for a while', async () => {
    const [, host = '', port = ''] = /@(.*):(\d+)$/.exec(ssh.destination) ?? [];
    const held = [net.connect(Number(port), host), net.connect(Number(port), host)];
    for (const socket of held) socket.write('SSH-2.0-test\r\n');
    // sshd has begun with both of them when it has answered.
    await Promise.all(held.map((socket) => once(socket, 'data')));
    const engine = await connect(ssh, engineSocket);
    const drops = (): number => ssh.output().split(/MaxStartups/).length;
    const before = drops();
    const listing = engine.listImages({ signal });
    while (drops() === before) await setTimeout(20);
    for (const socket of held) socket.destroy();
    assert.equal((await listing).length, imageCount);
    engine.dispose();
  });

  test('leaves nothing over there after 50 refreshes in 5 windows', async () => {
    const daemon = await waitForOne(['dockerd', real.host]);
    await noneLeft(engineSocket);
    const filesBefore = await openFiles(daemon);
    const before = ssh.connections.length;
    for (let window = 0; window < 5; window++) {
      const engine = await connect(ssh, engineSocket);
      const events = engine.events({ signal });
      await events.next();
      // A small answer in between that is no success must not cost a connection.
      await assert.rejects(engine.inspect('no-such:1', { signal }), { code: 'imageNotFound' });
      for (let refresh = 0; refresh < 10; refresh++) await engine.listImages({ signal });
      assert.ok((await processes(['dial-stdio', engineSocket])).length > 0);
      engine.dispose();
      await assert.rejects(events.next());
    }
    assert.equal(ssh.connections.length - before, 10);
    await noneLeft(engineSocket);
    while ((await openFiles(daemon)) > filesBefore) await setTimeout(50);
  });

  test('of podman is reached where there is no docker', async () => {
    const folder = await makeScratch('podman-host');
    closer.add(() => folder.remove());
    const podman = needCommand('podman', 'podman');
    const at = (name: string): string => join(folder.path, name);
    const podmanArgs = ['--root', at('root'), '--runroot', at('run'), '--storage-driver', 'vfs'];
    const service = startService(
      podman,
      [...podmanArgs, 'system', 'service', '--time', '0', `unix://${at('podman.sock')}`],
      { logFile: at('log'), folders: [folder.path] },
    );
    closer.add(() => service.stop());
    const local = new Engine(await discoverEndpoint({ host: `unix://${at('podman.sock')}` }));
    await waitFor('podman', service, () => local.version({ signal }).catch(() => undefined));
    await symlink(podman, at('podman'));
    const server = await startSshServer({ path: folder.path });
    closer.add(() => server.stop());
    process.env['PATH'] = server.path;
    const engine = await connect(server, at('podman.sock'));
    const { product } = await engine.version({ signal });
    assert.equal(product, 'Podman');
    assert.match(engine.description, /^Podman [\d.]+ · ssh:\/\/root@/);
    assert.deepEqual(await engine.listImages({ signal }), []);
    engine.dispose();

    const nothing = await connect(server, '/no/such/podman.sock');
    await assert.rejects(nothing.listImages({ signal }), {
      code: 'engineStopped',
      message: /no usable “docker”, so “podman” was tried.*unable to connect to Podman.*systemctl --user enable/s,
    });
  });
});

/** The IDs of the processes of this machine whose command line has all of these texts. */
async function processes(texts: readonly string[]): Promise<readonly string[]> {
  const ids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const lines = await Promise.all(
    ids.map(async (id) => ({ id, line: await readFile(`/proc/${id}/cmdline`, 'utf8').catch(() => '') })),
  );
  return lines.filter(({ line }) => texts.every((text) => line.includes(text))).map(({ id }) => id);
}

async function waitForOne(texts: readonly string[]): Promise<string> {
  const [first] = await processes(texts);
  return first ?? assert.fail(`no process has ${texts.join(' and ')}`);
}

async function openFiles(id: string): Promise<number> {
  return (await readdir(`/proc/${id}/fd`)).length;
}

/** Waits until no process connects to the socket for a client any more. */
async function noneLeft(socket: string): Promise<void> {
  while ((await processes(['dial-stdio', socket])).length > 0) await setTimeout(50);
}
