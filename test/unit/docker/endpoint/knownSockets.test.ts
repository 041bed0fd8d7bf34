import assert from 'node:assert/strict';
import { test } from 'node:test';
import { socketCandidates } from '../../../../src/core/docker/endpoint/knownSockets.ts';
import { machine, type Description } from './machine.ts';

async function productAt(path: string, description: Description): Promise<string | undefined> {
  const candidates = await socketCandidates(machine({ ...description, sockets: { [path]: 'usable' } }));
  return candidates.find((candidate) => candidate.path === path)?.product;
}

test('every engine’s socket is looked for where its documentation has it', async () => {
  const linux: Record<string, string> = {
    '/var/run/docker.sock': 'Docker',
    '/home/ada/.docker/desktop/docker.sock': 'Docker Desktop',
    '/run/user/1000/docker.sock': 'rootless Docker',
    '/home/ada/.colima/default/docker.sock': 'Colima',
    '/home/ada/.colima/work/docker.sock': 'Colima',
    '/home/ada/.config/colima/work/docker.sock': 'Colima',
    '/home/ada/.rd/docker.sock': 'Rancher Desktop',
    '/home/ada/.lima/docker/sock/docker.sock': 'Lima',
    '/home/ada/.lima/podman/sock/podman.sock': 'Lima',
    '/mnt/wsl/docker-desktop/shared-sockets/guest-services/docker.proxy.sock': 'Docker Desktop',
    '/mnt/wsl/rancher-desktop/run/docker.sock': 'Rancher Desktop',
    '/mnt/wsl/podman-sockets/podman-machine-default/podman-root.sock': 'Podman machine',
    '/run/user/1000/podman/podman.sock': 'rootless Podman',
    '/run/podman/podman.sock': 'Podman',
  };
  for (const [path, product] of Object.entries(linux))
    assert.equal(await productAt(path, { uid: 1000 }), product, path);

  const mac: Record<string, string> = {
    '/Users/ada/.docker/run/docker.sock': 'Docker Desktop',
    '/Users/ada/.orbstack/run/docker.sock': 'OrbStack',
    '/var/folders/x/T/podman/podman-machine-default-api.sock': 'Podman machine',
    '/var/folders/x/T/podman/work-api.sock': 'Podman machine',
    '/Users/ada/.local/share/containers/podman/machine/podman.sock': 'Podman machine',
    '/Users/ada/.local/share/containers/podman/machine/qemu/podman.sock': 'Podman machine',
  };
  const onMac = { platform: 'darwin', env: { TMPDIR: '/var/folders/x/T/' } } as const;
  for (const [path, product] of Object.entries(mac)) assert.equal(await productAt(path, onMac), product, path);
  assert.equal(await productAt('//./pipe/podman-machine-default', { platform: 'win32' }), 'Podman machine');
});

test('a variable that moves a folder is followed', async () => {
  for (const [name, path, product] of [
    ['COLIMA_HOME', '/data/colima/work/docker.sock', 'Colima'],
    ['XDG_CONFIG_HOME', '/data/colima/colima/work/docker.sock', 'Colima'],
    ['LIMA_HOME', '/data/colima/vm/sock/docker.sock', 'Lima'],
    ['XDG_RUNTIME_DIR', '/data/colima/docker.sock', 'rootless Docker'],
  ] as const) {
    assert.equal(await productAt(path, { env: { [name]: '/data/colima' } }), product, name);
    assert.equal(await productAt(path, { env: { [name]: '' } }), undefined, name);
  }
});

test('each path is there once; the engine of the whole machine is first, and Colima’s default before its profiles', async () => {
  const env = { XDG_RUNTIME_DIR: '/run/user/1000', COLIMA_HOME: '/home/ada/.colima' };
  const sockets = { '/home/ada/.colima/a/docker.sock': 'usable', '/home/ada/.colima/b/docker.sock': 'usable' } as const;
  const paths = (await socketCandidates(machine({ env, uid: 1000, sockets }))).map(({ path }) => path);
  assert.equal(new Set(paths).size, paths.length);
  assert.equal(paths[0], '/var/run/docker.sock');
  assert.deepEqual(
    paths.filter((path) => path.startsWith('/home/ada/.colima')),
    ['default', 'a', 'b'].map((profile) => `/home/ada/.colima/${profile}/docker.sock`),
  );
  const podman = paths.findIndex((path) => path.includes('podman'));
  assert.ok(podman > paths.findLastIndex((path) => path.startsWith('/home/ada/.colima')));
});
