import assert from 'node:assert/strict';
import { test } from 'node:test';
import { thisHost } from '../../../../src/core/docker/endpoint/hostEnvironment.ts';
import { startFakeEngine } from '../client/fakeEngine.ts';

test('a socket is usable while something listens, dead afterwards, and missing if there is none', async () => {
  const machine = thisHost();
  await using fake = await startFakeEngine({});
  assert.equal(await machine.probe(fake.socket), 'usable');
  assert.equal(await machine.probe(await fake.crash()), 'dead');
  assert.equal(await machine.probe(fake.socket), 'missing');
});

test('a missing file is not an error, an unreadable one is', async () => {
  const machine = thisHost();
  assert.equal(await machine.readFile('/no/such/file'), undefined);
  await assert.rejects(machine.readFile('/'), { code: 'EISDIR' });
});
