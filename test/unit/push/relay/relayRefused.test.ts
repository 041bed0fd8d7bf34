import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, beforeEach, describe, it } from 'node:test';
import type { RelayBackend } from '../../../../src/core/relay/relayBackend.ts';
import { changed, layers, machine, RelayRig } from './relayRig.ts';

describe('pushImage where the engine does not push to us', () => {
  let rig: RelayRig;
  before(async () => (rig = await RelayRig.create()));
  after(() => rig.remove());
  beforeEach(() => {
    rig.reset();
  });

  it('exports when the engine does not reach us, and asks it again only after a while', async () => {
    const here = machine(layers, 'containerd');
    here.pusher.unreachable = true;
    assert.equal((await rig.push(here, { strategy: 'auto' })).strategy, 'export');
    const again = machine(changed, 'containerd');
    again.pusher.unreachable = true;
    await rig.push(again, { tag: '2', strategy: 'auto' });
    assert.equal(again.pusher.probes + again.pusher.pushes, 0);
    rig.clock += 60 * 60 * 1000;
    const later = machine([...changed, { bytes: randomBytes(100) }], 'containerd');
    assert.equal((await rig.push(later, { tag: '3', strategy: 'auto' })).strategy, 'relay');
    await rig.assertNothingLeft(here);
  });

  it('exports an image that the engine refuses to push, and has it push the next one', async () => {
    const here = machine(layers, 'containerd');
    here.pusher.refusal = 'NotFound: content digest sha512:…';
    assert.equal((await rig.push(here, { strategy: 'auto' })).strategy, 'export');
    assert.match(
      (await rig.failure(here, { strategy: 'relay', recheck: true })).message,
      /“relay”.*content digest sha512/s,
    );
    assert.equal((await rig.push(machine(changed, 'containerd'), { tag: '2', strategy: 'auto' })).strategy, 'relay');
    await rig.assertNothingLeft(here);
  });

  it('gives neither secret nor image to an engine whose loopback is not ours, whoever listens there', async () => {
    const here = machine(layers, 'containerd');
    const given: (string | undefined)[] = [];
    const other = createServer((request, response) => {
      given.push(request.headers.authorization);
      response.writeHead(200).end('{}');
    });
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    here.pusher.loopback = `127.0.0.1:${(other.address() as AddressInfo).port}`;
    try {
      assert.equal((await rig.push(here, { strategy: 'auto' })).strategy, 'export');
    } finally {
      other.close();
    }
    assert.equal(here.pusher.pushes, 0);
    assert.equal(given.length, 1);
    const session = await rig.endpoint.open({} as RelayBackend, () => undefined);
    const { username, secret } = session.credential;
    await session.close();
    assert.notEqual(given[0], `Basic ${Buffer.from(`${username}:${secret}`).toString('base64')}`);
    await rig.assertNothingLeft(here);
  });
});
