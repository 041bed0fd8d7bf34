import assert from 'node:assert/strict';
import { it } from 'node:test';
import { RelayDoor } from '../../../src/core/push/relay/relayDoor.ts';
import { sweepNames } from '../../../src/core/push/relay/temporaryName.ts';
import { silentLogger } from '../../tools/silentLogger.ts';
import { FakePusher } from './fakePusher.ts';
import { MemoryBackend } from './memoryBackend.ts';

it('sweeps the temporary names of processes that are gone, and no others', async () => {
  const pusher = new FakePusher({ layers: [], config: Buffer.alloc(0) });
  const door = new RelayDoor({ port: 0, secret: 'secret', onPort: () => undefined, logger: silentLogger });
  const lease = await door.open(new MemoryBackend(), () => undefined);
  await lease.close();
  const ours = (pid: number): string => `${lease.repository}:push-${pid}-0123456789ab`;
  // Ids of processes are smaller than this on every system.
  const gone = 2 ** 31 - 2;
  const others = ['app:1', `127.0.0.1:5000/tea-chest/x/0:push-${gone}-0123456789ab`, ours(process.pid)];
  for (const tag of [ours(gone), ...others]) pusher.tags.add(tag);
  const options = { signal: new AbortController().signal, logger: silentLogger };
  assert.equal(await sweepNames(pusher, door, options), 1);
  assert.deepEqual([...pusher.tags], others satisfies string[]);
});
