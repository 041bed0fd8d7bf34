// Pushes once, in a process of its own, and ends itself without any warning at a given point of the push: as a machine
// that loses its power, or an extension host that is killed.
import { join } from 'node:path';
import { createCodec } from '../../../src/core/compress/codecs.ts';
import { WorkerPool } from '../../../src/core/compress/encoder/workerPool.ts';
import { workerFile } from '../../unit/compress/testPool.ts';
import { silentLogger } from '../../tools/silentLogger.ts';
import type { Credential } from '../../../src/core/registry/types.ts';
import { PushJournal } from '../../../src/host/push/pushJournal.ts';
import { interruptionPoints, type Strategy } from './interruptionPoints.ts';
import { makeRig } from './rig.ts';

export interface PushToKill {
  readonly engine: string;
  readonly url: string;
  readonly fingerprint: string;
  readonly credential: Credential;
  readonly image: string;
  readonly repository: string;
  readonly tag: string;
  readonly strategy: Strategy;
  /** One of `interruptionPoints`; where a request is its point, the registry's side ends this process. */
  readonly point: string;
  /** The encoder. */
  readonly deflate: string;
  /** Of the installation. */
  readonly folder: string;
}

const order = JSON.parse(process.argv[2] ?? '') as PushToKill;
const point = interruptionPoints.find(({ name }) => name === order.point);
const { image, repository, tag, strategy } = order;

const rig = await makeRig({
  engine: { host: order.engine },
  url: order.url,
  codec: createCodec('gzip', undefined, new WorkerPool({ worker: workerFile, deflate: order.deflate, size: 2 })),
  credential: order.credential,
  trust: { pinnedFingerprint: order.fingerprint },
  folder: order.folder,
});
const { origin, host } = new URL(order.url);
const journal = new PushJournal(join(order.folder, 'pushes'), silentLogger);
const sessions = await journal.begin({
  ...{ image, origin, repository, target: `${host}/${repository}:${tag}`, strategy },
  ...{ spoolRoot: rig.spoolRoot, startedAt: Date.now() },
});
await rig.push(image, `${repository}:${tag}`, {
  strategy,
  sessions,
  onEvent: (event) => {
    if (point?.isReached?.(event, strategy) !== true) return;
    process.send?.('reached');
    process.kill(process.pid, 'SIGKILL');
  },
});
