// Pushes to a docker-registry of its own over a loopback of 10 Mbit/s, and says what that push waited for. Run by
// bottleneck.test.ts in a network namespace: a JSON order on standard input, JSON on standard output.
import { text } from 'node:stream/consumers';
import { needCommand } from '../../tools/findCommand.ts';
import { startRegistry } from '../../tools/registry.ts';
import { run } from '../../tools/run.ts';
import { noCompression } from '../../unit/push/fakes.ts';
import { recordedPush } from './recordedPush.ts';
import { makeRig } from './rig.ts';

export interface SlowLinkOrder {
  readonly engine: string;
  readonly image: string;
  readonly diffIds: readonly string[];
}

const { engine, image, diffIds } = JSON.parse(await text(process.stdin)) as SlowLinkOrder;
// The bucket must hold the largest packet.
await run(needCommand('ip', 'iproute2'), ['link', 'set', 'lo', 'mtu', '1500']);
await run(needCommand('tc', 'iproute2'), [
  ...['qdisc', 'add', 'dev', 'lo', 'root', 'tbf'],
  ...['rate', '10mbit', 'burst', '64kb', 'latency', '100ms'],
]);
const registry = await startRegistry();
const rig = await makeRig({ engine: { host: engine }, url: registry.origin, codec: noCompression });
try {
  const { bottleneck, record } = await recordedPush(
    rig,
    image,
    { ...registry, repository: 'team/slow', diffIds },
    noCompression,
  );
  process.stdout.write(JSON.stringify({ bottleneck, samples: record.samples.list.slice(-2) }));
} finally {
  await rig.close();
  await registry.stop();
}
