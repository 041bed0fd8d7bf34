import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Engine } from '../../../../src/core/docker/client/engine.ts';
import { discoverEndpoint } from '../../../../src/core/docker/endpoint/discoverEndpoint.ts';
import { Reachability } from '../../../../src/core/relay/reachability.ts';
import { relayObstacle } from '../../../../src/core/relay/relayObstacle.ts';
import { machine, type Description } from '../endpoint/machine.ts';

async function engineOf(description: Description, host?: string): Promise<Engine> {
  return new Engine(await discoverEndpoint({ host }, machine(description)));
}

/** Why the relay is not tried, after the engine did not reach us. */
async function obstacleOf(description: Description): Promise<string | undefined> {
  const pusher = (await engineOf(description)).pusher() ?? assert.fail('a socket can push');
  const reachability = new Reachability(() => 0);
  const parts = { pusher, reachability };
  const image = { references: ['app:1'] };
  assert.equal(relayObstacle(image, parts, { isRequired: false }), undefined);
  reachability.missed(pusher.id);
  return relayObstacle(image, parts, { isRequired: false });
}

test('an engine by tcp or ssh is not asked to push, also at an address of this machine, and the reason is true of both', async () => {
  for (const [host, by] of [
    ['tcp://127.0.0.1:2375', 'over the network'],
    ['tcp://box:2375', 'over the network'],
    ['ssh://localhost', 'by ssh'],
  ] as const) {
    const engine = await engineOf({}, host);
    assert.equal(engine.pusher(), undefined);
    assert.equal(
      engine.whyNoPusher(),
      `It is reached ${by} (${host}), so its 127.0.0.1 need not be this machine’s: only an engine at a local socket is asked to push to Tea Chest.`,
    );
  }
  assert.equal((await engineOf({}, 'unix:///x.sock')).whyNoPusher(), undefined);
});

test('why an engine did not reach us is said of one in a virtual machine and of a rootless one', async () => {
  const missed = 'It did not reach Tea Chest at 127.0.0.1 a short time ago';
  assert.equal(await obstacleOf({ sockets: { '/var/run/docker.sock': 'usable' } }), `${missed}.`);
  assert.equal(
    await obstacleOf({ sockets: { '/home/ada/.colima/default/docker.sock': 'usable' } }),
    `${missed}: it runs in a virtual machine (Colima).`,
  );
  assert.equal(
    await obstacleOf({ uid: 1000, sockets: { '/run/user/1000/docker.sock': 'usable' } }),
    `${missed}: it runs in a network namespace of its own (rootless Docker).`,
  );
});
