import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describeEndpoint } from '../../../../src/core/docker/endpoint/describeEndpoint.ts';
import { discoverEndpoint } from '../../../../src/core/docker/endpoint/discoverEndpoint.ts';
import { listEngines } from '../../../../src/core/docker/endpoint/listEngines.ts';
import { contextFiles, machine, type Description } from './machine.ts';

const box = contextFiles('box', { Host: 'ssh://box' }, undefined, { Description: 'The big one' });
const colima = contextFiles('colima', { Host: 'unix:///home/ada/.colima/default/docker.sock' });
const contexts = { ...box, ...colima };

test('the engines to choose from are docker’s contexts, the variables, podman’s connections and the sockets', async () => {
  const config = '/home/ada/.config/containers';
  const files = {
    ...contexts,
    [`${config}/podman-connections.json`]: JSON.stringify({
      Connection: { Connections: { vm: { URI: 'ssh://core@127.0.0.1:1/p.sock', Identity: '/key' }, empty: {} } },
    }),
    [`${config}/containers.conf`]: [
      '[engine]',
      '  active_service = "old"',
      '  [engine.service_destinations]',
      '    [engine.service_destinations.old]',
      '      uri = "unix:///run/old.sock"',
      '    [engine.service_destinations.vm]',
      '      uri = "ssh://replaced"',
      '[network]',
    ].join('\n'),
  };
  const sockets = { '/var/run/docker.sock': 'denied', '/home/ada/.colima/default/docker.sock': 'dead' } as const;
  const env = { CONTAINER_HOST: 'unix:///tmp/p.sock' };
  assert.deepEqual(await listEngines(machine({ env, files, sockets })), [
    { kind: 'context', name: 'default', host: '', description: 'DOCKER_HOST, or the usual sockets', isCurrent: false },
    { kind: 'context', name: 'box', host: 'ssh://box', description: 'The big one', isCurrent: false },
    {
      ...{ kind: 'context', name: 'colima', description: '', isCurrent: true },
      host: 'unix:///home/ada/.colima/default/docker.sock',
    },
    { kind: 'variable', name: 'CONTAINER_HOST', host: 'unix:///tmp/p.sock' },
    { kind: 'podman', name: 'old', host: 'unix:///run/old.sock' },
    { kind: 'podman', name: 'vm', host: 'ssh://core@127.0.0.1:1/p.sock' },
    { kind: 'socket', product: 'Docker', state: 'denied', host: 'unix:///var/run/docker.sock' },
    { kind: 'socket', product: 'Colima', state: 'dead', host: 'unix:///home/ada/.colima/default/docker.sock' },
  ]);
});

test('the current context is the one of DOCKER_CONTEXT, and docker’s own with DOCKER_HOST', async () => {
  const current = async (description: Description): Promise<string[]> =>
    (await listEngines(machine({ files: contexts, ...description }))).flatMap((option) =>
      option.kind === 'context' && option.isCurrent ? [option.name] : [],
    );
  assert.deepEqual(await current({}), ['colima']);
  assert.deepEqual(await current({ env: { DOCKER_CONTEXT: 'box' } }), ['box']);
  assert.deepEqual(await current({ env: { DOCKER_HOST: 'tcp://x', DOCKER_CONTEXT: 'box' } }), ['default']);
});

test('what cannot be read is left out of the list', async () => {
  const [, meta = ''] = Object.keys(box);
  const files = { ...contexts, [meta]: 'not json', '/home/ada/.config/containers/podman-connections.json': '{' };
  const names = (await listEngines(machine({ files }))).map((option) => 'name' in option && option.name);
  assert.deepEqual(names, ['default', 'colima']);
  assert.deepEqual(await listEngines(machine()), []);
});

test('an engine is named in few characters', async () => {
  const cases: [Description, string][] = [
    [{ sockets: { '/var/run/docker.sock': 'usable' } }, ''],
    [{ sockets: { '/run/podman/podman.sock': 'usable' } }, ''],
    [{ sockets: { '/home/ada/.rd/docker.sock': 'usable' } }, 'Rancher Desktop'],
    [{ env: { DOCKER_HOST: 'unix:///tmp/x.sock' } }, '/tmp/x.sock'],
    [{ env: { DOCKER_HOST: 'ssh://ada@box' } }, 'ssh://ada@box'],
    [{ files: contexts }, 'context colima'],
  ];
  for (const [description, expected] of cases) {
    assert.equal(describeEndpoint(await discoverEndpoint({}, machine(description))), expected);
  }
});
