import assert from 'node:assert/strict';
import { beforeEach, suite, test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import type { EngineChoice } from '../../../../src/core/docker/endpoint/discoverEndpoint.ts';
import type { EngineOption } from '../../../../src/core/docker/endpoint/listEngines.ts';
import { parseEndpoint } from '../../../../src/core/docker/endpoint/parseEndpoint.ts';
import { TeaChestError } from '../../../../src/core/base/errors.ts';
import type { EngineEndpoint } from '../../../../src/core/docker/types.ts';
import {
  changeSetting,
  inputAsking,
  said,
  takeShown,
  useFakeVscode,
  workspace,
  workspaceSettings,
} from '../support/fakeVscode.ts';

useFakeVscode();
const { selectEngineCommand } = await import('../../../../src/host/commands/selectEngine.ts');
const { engineChoice, setEngineChoice } = await import('../../../../src/host/config.ts');

const options: readonly EngineOption[] = [
  { kind: 'context', name: 'default', host: '', description: 'DOCKER_HOST, or the usual sockets', isCurrent: false },
  { kind: 'context', name: 'colima', host: 'unix:///c.sock', description: 'colima', isCurrent: true },
  { kind: 'podman', name: 'vm', host: 'ssh://core@box/p.sock' },
  { kind: 'socket', product: 'Docker', state: 'denied', host: 'unix:///var/run/docker.sock' },
];

function find({ host, context }: EngineChoice): Promise<EngineEndpoint> {
  if (context === 'gone') {
    return Promise.reject(new TeaChestError('engineEndpointInvalid', 'There is no context “gone”.'));
  }
  const source = context === undefined ? 'the setting' : `the docker context “${context}”`;
  const parse = (): EngineEndpoint =>
    parseEndpoint(host ?? 'unix:///c.sock', { source, platform: 'linux', tls: undefined });
  return Promise.resolve().then(parse);
}

const dependencies = {
  engines: { list: () => Promise.resolve(options), find, current: engineChoice, save: setEngineChoice },
};

suite('teaChest.selectEngine', () => {
  beforeEach(() => {
    workspaceSettings.clear();
    for (const name of ['host', 'context']) changeSetting(`teaChest.engine.${name}`, undefined);
    takeShown();
  });

  test('with arguments asks nothing, and saves the one that is chosen instead of the other', async () => {
    const chosen = await selectEngineCommand(dependencies, { host: 'ssh://box' });
    assert.deepEqual(chosen, { url: 'ssh://box', source: 'the setting' });
    assert.deepEqual(engineChoice(), { host: 'ssh://box', context: undefined });
    await selectEngineCommand(dependencies, { context: 'colima' });
    assert.deepEqual(engineChoice(), { host: undefined, context: 'colima' });
    await selectEngineCommand(dependencies, {});
    assert.deepEqual(engineChoice(), { host: undefined, context: undefined });
    assert.deepEqual(takeShown(), []);
  });

  test('leads to no third engine between the two settings that it writes', async () => {
    const host = { host: 'ssh://box', context: undefined };
    const context = { host: undefined, context: 'colima' };
    const automatic = { host: undefined, context: undefined };
    const seen: EngineChoice[] = [];
    // The setting of the host has precedence.
    const effective = ({ host, context }: EngineChoice): EngineChoice => ({
      host,
      context: host === undefined ? context : undefined,
    });
    const following = workspace.onDidChangeConfiguration(() => seen.push(effective(engineChoice())));
    for (const [from, to] of [
      [host, context],
      [context, host],
      [context, automatic],
      [host, automatic],
    ] as const) {
      await selectEngineCommand(dependencies, from);
      seen.length = 0;
      await selectEngineCommand(dependencies, to);
      assert.deepEqual(seen.at(-1), to);
      assert.ok(
        seen.every((one) => [from, to].some((known) => isDeepStrictEqual(one, known))),
        JSON.stringify(seen),
      );
    }
    following.dispose();
  });

  test('refuses what leads to no engine, and changes nothing', async () => {
    await selectEngineCommand(dependencies, { context: 'colima' });
    const refused: readonly [unknown, { code: string; message: RegExp }][] = [
      [{ context: 'gone' }, { code: 'engineEndpointInvalid', message: /“gone”/ }],
      [{ host: 'ftp://box' }, { code: 'engineEndpointInvalid', message: /“ftp:\/\/” is not a way/ }],
      [
        { host: 'ssh://box', context: 'colima' },
        { code: 'argumentInvalid', message: /not both/ },
      ],
      [{ engine: 'x' }, { code: 'argumentInvalid', message: /it takes context, host/ }],
    ];
    for (const [argument, error] of refused) {
      await assert.rejects(selectEngineCommand(dependencies, argument), { ...error, stage: 'engine' });
    }
    assert.deepEqual(engineChoice(), { host: undefined, context: 'colima' });
  });

  test('writes where the workspace has chosen another engine, which would hide the choice', async () => {
    workspaceSettings.set('teaChest.engine.host', 'tcp://other');
    await selectEngineCommand(dependencies, { context: 'colima' });
    assert.deepEqual(Object.fromEntries(workspaceSettings), {
      'teaChest.engine.host': '',
      'teaChest.engine.context': 'colima',
    });
    assert.deepEqual(engineChoice(), { host: undefined, context: 'colima' });
  });

  test('shows every engine with its address, and marks the chosen one', async () => {
    await selectEngineCommand(dependencies, { context: 'colima' });
    const selecting = selectEngineCommand(dependencies, undefined);
    const list = await inputAsking(/whose images are shown/);
    assert.deepEqual(
      list.items.map(({ label, description = '' }) => `${label} | ${description}`),
      [
        '$(sparkle) Automatic | now unix:///c.sock (the setting)',
        '$(layers) default | docker context · DOCKER_HOST, or the usual sockets',
        '$(check) colima | chosen · docker context · current · colima · unix:///c.sock',
        '$(plug) vm | podman connection · ssh://core@box/p.sock',
        '$(plug) Docker | unix:///var/run/docker.sock · you may not open it',
        '$(edit) Enter an address… | ',
      ],
    );
    list.type('vm');
    list.enter();
    assert.equal((await selecting)?.url, 'ssh://core@box/p.sock');
    assert.deepEqual(engineChoice(), { host: 'ssh://core@box/p.sock', context: undefined });
  });

  test('says under the box why a typed address is none', async () => {
    const selecting = selectEngineCommand(dependencies, undefined);
    const list = await inputAsking(/whose images are shown/);
    list.take(list.items.at(-1));
    const box = await inputAsking(/as in DOCKER_HOST/);
    box.type('ftp://box');
    box.take(undefined);
    assert.match(await said(box), /“ftp:\/\/” is not a way to reach an engine/);
    box.type(' tcp://box:2375 ');
    box.take(undefined);
    assert.equal((await selecting)?.url, 'tcp://box:2375');
    assert.equal(engineChoice().host, 'tcp://box:2375');
  });

  test('changes nothing if the person leaves', async () => {
    const selecting = selectEngineCommand(dependencies, undefined);
    (await inputAsking(/whose images are shown/)).leave();
    assert.equal(await selecting, undefined);
    assert.deepEqual(engineChoice(), { host: undefined, context: undefined });
  });
});
