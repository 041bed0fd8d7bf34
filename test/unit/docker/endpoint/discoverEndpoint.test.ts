import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { discoverEndpoint } from '../../../../src/core/docker/endpoint/discoverEndpoint.ts';
import type { SocketState } from '../../../../src/core/docker/endpoint/hostEnvironment.ts';
import { contextFiles, machine, type Description } from './machine.ts';

const usual = { '/var/run/docker.sock': 'usable' } as const;

const tlsFolder = (name: string): string =>
  `/home/ada/.docker/contexts/tls/${createHash('sha256').update(name).digest('hex')}/docker`;

test('the setting comes first, then the sources in docker’s order', async () => {
  const files = contextFiles('colima', { Host: 'unix:///home/ada/.colima/default/docker.sock', SkipTLSVerify: false });
  const other = contextFiles('box', { Host: 'ssh://box', SkipTLSVerify: false });
  const all: Description = {
    env: { DOCKER_HOST: 'tcp://10.0.0.1:2375', DOCKER_CONTEXT: 'box' },
    files: { ...other, ...files },
    sockets: usual,
  };
  const find = async (setting: string | undefined, description: Description): Promise<string> => {
    const { source, url } = await discoverEndpoint({ host: setting }, machine(description));
    return `${source}: ${url}`;
  };
  assert.equal(await find('unix:///run/mine.sock', all), 'the setting teaChest.engine.host: unix:///run/mine.sock');
  assert.equal(await find('', all), 'DOCKER_HOST: tcp://10.0.0.1:2375');
  assert.equal(
    await find(undefined, { ...all, env: { DOCKER_CONTEXT: 'box' } }),
    'the docker context “box”: ssh://box',
  );
  assert.equal(
    await find(undefined, { ...all, env: { DOCKER_HOST: ' ', DOCKER_CONTEXT: '' } }),
    'the docker context “colima”: unix:///home/ada/.colima/default/docker.sock',
  );
  assert.equal(
    await find(undefined, { ...all, env: { DOCKER_CONTEXT: 'default' } }),
    'default socket: unix:///var/run/docker.sock',
  );
  assert.equal(await find(undefined, { sockets: usual }), 'default socket: unix:///var/run/docker.sock');
});

test('the origin is the same in every language, for the welcome text of a stopped engine', async () => {
  const context = contextFiles('box', { Host: 'ssh://box', SkipTLSVerify: false });
  const origin = async (host: string, description: Description): Promise<string | undefined> =>
    (await discoverEndpoint({ host }, machine({ sockets: usual, ...description }))).origin;
  assert.equal(await origin('unix:///run/mine.sock', {}), 'setting');
  assert.equal(await origin('', { env: { DOCKER_HOST: 'tcp://10.0.0.1' } }), 'environment');
  assert.equal(await origin('', { env: { CONTAINER_HOST: 'tcp://10.0.0.1' } }), 'environment');
  assert.equal(await origin('', { env: { DOCKER_CONTEXT: 'box' }, files: context }), 'context');
  assert.equal(await origin('', {}), undefined);
});

test('an address is parsed as docker does', async () => {
  const tls = { verify: true };
  const understood: Record<string, object> = {
    'unix:///run/docker.sock': { kind: 'socket', path: '/run/docker.sock' },
    'unix://': { kind: 'socket', path: '/var/run/docker.sock' },
    '/run/docker.sock': { kind: 'socket', path: '/run/docker.sock' },
    'tcp://10.0.0.1:1234': { kind: 'tcp', host: '10.0.0.1', port: 1234, tls: undefined },
    'tcp://10.0.0.1': { kind: 'tcp', host: '10.0.0.1', port: 2375, tls: undefined },
    'box.example:2375': { kind: 'tcp', host: 'box.example', port: 2375, tls: undefined },
    'tcp://[::1]:2375/': { kind: 'tcp', host: '::1', port: 2375, tls: undefined },
    'http://box': { kind: 'tcp', host: 'box', port: 80, tls: undefined },
    'https://box': { kind: 'tcp', host: 'box', port: 443, tls },
    'ssh://ada@box': { kind: 'ssh', destination: 'ada@box', socket: undefined },
    'ssh://ada@box:2222': { kind: 'ssh', destination: 'ada@box', port: 2222, socket: undefined },
    'ssh://ada@[fe80::1]:2222': { kind: 'ssh', destination: 'ada@fe80::1', port: 2222, socket: undefined },
    'ssh://core@localhost:5000/run/podman/podman.sock': {
      kind: 'ssh',
      destination: 'core@localhost',
      port: 5000,
      socket: '/run/podman/podman.sock',
    },
  };
  for (const [text, address] of Object.entries(understood)) {
    assert.deepEqual((await discoverEndpoint({ host: text }, machine())).address, address, text);
  }
  const windows = machine({ platform: 'win32' });
  for (const text of ['npipe:////./pipe/docker_engine', 'npipe://\\\\.\\pipe\\docker_engine', 'npipe://']) {
    assert.deepEqual((await discoverEndpoint({ host: text }, windows)).address, {
      kind: 'socket',
      path: '//./pipe/docker_engine',
    });
  }
});

test('an unusable address is an error that names its source, and no other engine is used', async () => {
  const refused = [
    'ftp://box',
    'fd://',
    'unix://var/run/docker.sock',
    'npipe:////./pipe/docker_engine',
    'tcp://',
    'tcp://box:99999',
    'tcp://box:0',
    'tcp://box/prefix',
    'tcp://ada:secret@box:2375',
    'ssh://ada:secret@box',
    'ssh://-oProxyCommand=evil',
    'ssh://box/run/$(evil).sock',
    'a b',
  ];
  for (const DOCKER_HOST of refused) {
    await assert.rejects(
      discoverEndpoint({}, machine({ env: { DOCKER_HOST }, sockets: usual })),
      (error: Error & { code?: string }) =>
        error.code === 'engineEndpointInvalid' &&
        error.message.includes('DOCKER_HOST') &&
        !error.message.includes('secret'),
      DOCKER_HOST,
    );
  }
  const windows = machine({ platform: 'win32' });
  await assert.rejects(discoverEndpoint({ host: 'unix:///x' }, windows), {
    code: 'engineEndpointInvalid',
    message: /npipe/,
  });
});

test('DOCKER_TLS_VERIFY uses the certificates of DOCKER_CERT_PATH, or of docker’s own folder', async () => {
  const pem = { 'ca.pem': 'CA', 'cert.pem': 'CERT', 'key.pem': 'KEY' };
  const filesIn = (folder: string): Record<string, string> =>
    Object.fromEntries(Object.entries(pem).map(([name, text]) => [`${folder}/${name}`, text]));
  const expected = { ca: Buffer.from('CA'), cert: Buffer.from('CERT'), key: Buffer.from('KEY') };
  const env = { DOCKER_HOST: 'tcp://box', DOCKER_TLS_VERIFY: '1' };
  const find = async (description: Description): Promise<object> =>
    (await discoverEndpoint({}, machine(description))).address;

  const secure = { kind: 'tcp', host: 'box', port: 2376 };
  assert.deepEqual(await find({ env: { ...env, DOCKER_CERT_PATH: '/certs' }, files: filesIn('/certs') }), {
    ...secure,
    tls: { ...expected, verify: true },
  });
  assert.deepEqual(await find({ env, files: filesIn('/home/ada/.docker') }), {
    ...secure,
    tls: { ...expected, verify: true },
  });
  assert.deepEqual(await find({ env: { ...env, DOCKER_CONFIG: '/cfg' }, files: { '/cfg/ca.pem': 'CA' } }), {
    ...secure,
    tls: { ca: expected.ca, verify: true },
  });
  assert.deepEqual(await find({ env: { DOCKER_HOST: 'tcp://box', DOCKER_TLS: '1' } }), {
    ...secure,
    tls: { verify: false },
  });
  assert.deepEqual(await find({ env: { DOCKER_HOST: 'tcp://box', DOCKER_CERT_PATH: '/certs' } }), {
    ...secure,
    port: 2375,
    tls: undefined,
  });
  assert.deepEqual(await find({ env: { ...env, DOCKER_HOST: 'unix:///x' } }), { kind: 'socket', path: '/x' });

  const broken = [
    {},
    { '/certs/ca.pem': 'CA', '/certs/cert.pem': 'CERT' },
    { '/certs/ca.pem': Object.assign(new Error('EACCES: permission denied'), { code: 'EACCES' }) },
  ];
  for (const files of broken) {
    await assert.rejects(find({ env: { ...env, DOCKER_CERT_PATH: '/certs' }, files, sockets: usual }), {
      code: 'engineEndpointInvalid',
      message: /\/certs/,
    });
  }
});

test('a context may have its own TLS, or leave the address to docker’s default', async () => {
  const find = async (docker: object, files: Record<string, string> = {}): Promise<object> => {
    const all = { ...contextFiles('box', docker), ...files };
    return (await discoverEndpoint({}, machine({ files: all, sockets: usual }))).address;
  };
  const host = { Host: 'tcp://box:2376' };
  const address = { kind: 'tcp', host: 'box', port: 2376 };
  assert.deepEqual(await find({ ...host, SkipTLSVerify: false }), { ...address, tls: undefined });
  assert.deepEqual(await find({ ...host, SkipTLSVerify: true }), { ...address, tls: { verify: false } });
  assert.deepEqual(await find({ ...host, SkipTLSVerify: false }, { [`${tlsFolder('box')}/ca.pem`]: 'CA' }), {
    ...address,
    tls: { ca: Buffer.from('CA'), verify: true },
  });
  assert.deepEqual(await find({ SkipTLSVerify: false }), { kind: 'socket', path: '/var/run/docker.sock' });
});

test('a broken current context is an error, not a reason to use the default', async () => {
  const good = contextFiles('box', { Host: 'tcp://box' });
  const meta = Object.keys(good).find((path) => path.endsWith('meta.json')) ?? '';
  const cases: [Description, RegExp][] = [
    [{ env: { DOCKER_CONTEXT: 'gone' } }, /“gone” cannot be used: docker has no context of that name/],
    [{ files: { '/home/ada/.docker/config.json': '{"currentContext":"gone"}' } }, /“gone”/],
    [{ files: { ...good, [meta]: 'not json' } }, /meta.json cannot be read/],
    [{ files: { ...good, [meta]: '{"Endpoints":{}}' } }, /has no docker endpoint/],
    [{ files: contextFiles('odd', { Host: 'gopher://box' }) }, /“odd” cannot be used: “gopher:/],
  ];
  for (const [description, message] of cases) {
    await assert.rejects(discoverEndpoint({}, machine({ ...description, sockets: usual })), {
      code: 'engineEndpointInvalid',
      message,
    });
  }
});

test('an empty or unreadable configuration of docker’s names no context, and is mentioned', async () => {
  const file = '/home/ada/.docker/config.json';
  const find = async (content: string | Buffer | Error): Promise<string> => {
    const found = await discoverEndpoint({}, machine({ files: { [file]: content }, sockets: usual }));
    assert.equal(found.url, 'unix:///var/run/docker.sock');
    return found.source;
  };
  for (const empty of ['', '\n', '\uFEFF', '{}', '{"currentContext":"default"}', '{"currentContext":""}']) {
    assert.equal(await find(empty), 'default socket', JSON.stringify(empty));
  }
  for (const broken of [
    '{"auths":{},}',
    '{',
    Buffer.from([0xff, 0xfe, 0x7b]),
    new Error('EACCES: permission denied'),
  ]) {
    assert.match(await find(broken), /^default socket, as \/home\/ada\/.docker\/config.json cannot be read \(.+\)$/);
  }
});

test('a byte order mark, as Windows’ editors write it, does not hide the chosen context', async () => {
  const { '/home/ada/.docker/config.json': config = '', ...meta } = contextFiles('box', { Host: 'tcp://box:1' });
  for (const encoding of ['utf8', 'utf16le'] as const) {
    const files = { ...meta, '/home/ada/.docker/config.json': Buffer.from(`\uFEFF${config}`, encoding) };
    assert.equal((await discoverEndpoint({}, machine({ files, sockets: usual }))).url, 'tcp://box:1', encoding);
  }
});

test('DOCKER_CONFIG moves config.json and the contexts', async () => {
  const files = contextFiles('box', { Host: 'tcp://box:1' }, '/cfg');
  const found = await discoverEndpoint({}, machine({ env: { DOCKER_CONFIG: '/cfg' }, files }));
  assert.equal(found.url, 'tcp://box:1');
});

test('of the default sockets, the first that answers is used; else the first that is denied or dead', async () => {
  const find = async (sockets: Record<string, SocketState>, more: Description = {}): Promise<string> =>
    (await discoverEndpoint({}, machine({ ...more, sockets }))).url;
  const rootless = '/run/user/1000/docker.sock';
  assert.equal(
    await find({ [rootless]: 'usable' }, { env: { XDG_RUNTIME_DIR: '/run/user/1000' } }),
    `unix://${rootless}`,
  );
  assert.equal(await find({ [rootless]: 'usable' }, { uid: 1000 }), `unix://${rootless}`);
  assert.equal(
    await find({ '/var/run/docker.sock': 'denied', '/home/ada/.docker/run/docker.sock': 'usable' }),
    'unix:///home/ada/.docker/run/docker.sock',
  );
  assert.equal(
    await find({ '/var/run/docker.sock': 'dead', '/home/ada/.rd/docker.sock': 'denied' }),
    'unix:///home/ada/.rd/docker.sock',
  );
  assert.equal(await find({ '/var/run/docker.sock': 'dead' }), 'unix:///var/run/docker.sock');
  assert.equal(
    await find({ '/run/podman/podman.sock': 'usable', '/home/ada/.lima/docker/sock/docker.sock': 'usable' }),
    'unix:///home/ada/.lima/docker/sock/docker.sock',
  );
  assert.equal(
    await find({ '//./pipe/dockerDesktopLinuxEngine': 'usable' }, { platform: 'win32' }),
    'npipe:////./pipe/dockerDesktopLinuxEngine',
  );
});

test('no engine: not found, with the sockets that were searched', async () => {
  await assert.rejects(discoverEndpoint({}, machine()), {
    code: 'engineNotFound',
    message: /\/var\/run\/docker.sock, \/home\/ada\/.docker\/run\/docker.sock/,
  });
});

test('the context of the settings comes before DOCKER_HOST and the current context', async () => {
  const files = {
    ...contextFiles('box', { Host: 'ssh://box' }),
    ...contextFiles('colima', { Host: 'tcp://127.0.0.1:1' }),
  };
  const all: Description = { env: { DOCKER_HOST: 'tcp://10.0.0.1:2375' }, files, sockets: usual };
  const found = await discoverEndpoint({ context: 'box' }, machine(all));
  assert.deepEqual([found.url, found.source, found.context], ['ssh://box', 'the docker context “box”', 'box']);
  // Docker’s own context is DOCKER_HOST, or the usual socket: not what CONTAINER_HOST names for podman.
  assert.equal((await discoverEndpoint({ context: 'default' }, machine(all))).source, 'DOCKER_HOST');
  const podman = { env: { CONTAINER_HOST: 'unix:///tmp/p.sock' }, files, sockets: usual };
  assert.equal((await discoverEndpoint({ context: 'default' }, machine(podman))).url, 'unix:///var/run/docker.sock');
  assert.equal((await discoverEndpoint({ host: 'tcp://x', context: 'box' }, machine(all))).url, 'tcp://x');
});

test('a context that was removed is named, and “default” is docker’s own', async () => {
  const config = (currentContext: string): Description['files'] => ({
    '/home/ada/.docker/config.json': JSON.stringify({ currentContext }),
  });
  await assert.rejects(discoverEndpoint({}, machine({ files: config('gone') ?? {}, sockets: usual })), {
    code: 'engineEndpointInvalid',
    message:
      'The engine’s address from the docker context “gone” cannot be used: docker has no context of that name in /home/ada/.docker/contexts; it may have been removed.',
    facts: { source: 'the docker context “gone”', context: 'gone', isMissing: true },
  });
  for (const machineWithDefault of [
    machine({ files: config('default') ?? {}, sockets: usual }),
    machine({ files: config('gone') ?? {}, env: { DOCKER_CONTEXT: 'default' }, sockets: usual }),
  ]) {
    assert.equal((await discoverEndpoint({}, machineWithDefault)).url, 'unix:///var/run/docker.sock');
  }
});

test('CONTAINER_HOST comes after docker’s contexts, with the key of CONTAINER_SSHKEY', async () => {
  const env = { CONTAINER_HOST: 'ssh://core@box:5000/run/podman/podman.sock', CONTAINER_SSHKEY: '/keys/box' };
  const found = await discoverEndpoint({}, machine({ env, sockets: usual }));
  assert.equal(found.source, 'CONTAINER_HOST');
  assert.deepEqual(found.address, {
    kind: 'ssh',
    destination: 'core@box',
    port: 5000,
    socket: '/run/podman/podman.sock',
    identity: '/keys/box',
  });
  const files = contextFiles('colima', { Host: 'unix:///c.sock' });
  assert.equal((await discoverEndpoint({}, machine({ env, files }))).context, 'colima');
  assert.equal(
    (await discoverEndpoint({}, machine({ env: { ...env, DOCKER_HOST: 'tcp://x' } }))).source,
    'DOCKER_HOST',
  );
  await assert.rejects(discoverEndpoint({}, machine({ env: { CONTAINER_HOST: 'ftp://x' }, sockets: usual })), {
    message: /CONTAINER_HOST/,
  });
});

test('an address that is a connection of podman has the key of that connection', async () => {
  const uri = 'ssh://core@127.0.0.1:5000/run/user/501/podman/podman.sock';
  const connections = { box: { URI: uri, Identity: '/keys/machine', IsMachine: true } };
  const files = {
    '/home/ada/.config/containers/podman-connections.json': JSON.stringify({
      Connection: { Default: 'box', Connections: connections },
    }),
  };
  const { address } = await discoverEndpoint({ host: uri }, machine({ files }));
  assert.equal(address.kind === 'ssh' && address.identity, '/keys/machine');
  const other = await discoverEndpoint({ host: 'ssh://elsewhere' }, machine({ files }));
  assert.ok(!('identity' in other.address));
});

test('docker from a snap has its contexts elsewhere, which counts only without the usual configuration', async () => {
  const snap = '/home/ada/snap/docker/current/.docker';
  const files = contextFiles('box', { Host: 'tcp://box:1' }, snap);
  const env = { PATH: '/usr/bin:/snap/bin' };
  const links = { '/snap/bin/docker': '/usr/bin/snap' };
  const found = await discoverEndpoint({}, machine({ env, files, links, sockets: usual }));
  assert.deepEqual([found.url, found.source], ['tcp://box:1', `the docker context “box” of ${snap}`]);
  const others: Description[] = [
    // Another docker comes first, there is no docker, or the usual configuration exists.
    { env, files, links: { ...links, '/usr/bin/docker': '/usr/bin/docker' } },
    { env, files },
    { env, files: { ...files, '/home/ada/.docker/config.json': '{}' }, links },
  ];
  for (const other of others) {
    assert.equal((await discoverEndpoint({}, machine({ ...other, sockets: usual }))).source, 'default socket');
  }
});

test('a snap’s XDG_RUNTIME_DIR does not hide the socket in the user’s own', async () => {
  const env = { XDG_RUNTIME_DIR: '/run/user/1000/snap.code' };
  for (const path of ['/run/user/1000/docker.sock', '/run/user/1000/podman/podman.sock']) {
    const found = await discoverEndpoint({}, machine({ env, uid: 1000, sockets: { [path]: 'usable' } }));
    assert.deepEqual([found.url, found.situation], [`unix://${path}`, 'rootless']);
  }
});

test('an engine behind a well-known socket has a name, however its address was found', async () => {
  const sockets = { '/home/ada/.colima/work/docker.sock': 'usable' } as const;
  const named = async (description: Description): Promise<unknown[]> => {
    const { product, situation } = await discoverEndpoint({}, machine({ ...description, sockets }));
    return [product, situation];
  };
  assert.deepEqual(await named({}), ['Colima', 'vm']);
  const files = contextFiles('colima-work', { Host: 'unix:///home/ada/.colima/work/docker.sock' });
  assert.deepEqual(await named({ files }), ['Colima', 'vm']);
  assert.deepEqual(await named({ env: { DOCKER_HOST: 'unix:///elsewhere.sock' } }), [undefined, undefined]);
  // Docker Desktop’s link to its own socket.
  const linked = await discoverEndpoint(
    {},
    machine({
      platform: 'darwin',
      sockets: { '/var/run/docker.sock': 'usable', '/Users/ada/.docker/run/docker.sock': 'usable' },
      links: { '/var/run/docker.sock': '/Users/ada/.docker/run/docker.sock' },
    }),
  );
  assert.deepEqual([linked.product, linked.situation], ['Docker Desktop', 'vm']);
});
