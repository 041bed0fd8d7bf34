import { once } from 'node:events';
import { TeaChestError } from '../../../../src/core/base/errors.ts';
import type { Engine } from '../../../../src/host/engine/engine.ts';

/** Rejects as a cancelled call does. */
export async function untilAborted(signal: AbortSignal): Promise<never> {
  if (!signal.aborted) await once(signal, 'abort');
  throw new TeaChestError('cancelled', 'Cancelled.');
}

/** An engine that lists as it is reported and whose events never come. */
export function listingEngine(listImages: Engine['listImages']): Engine & { readonly calls: string[] } {
  const calls: string[] = [];
  const unused = (): never => {
    throw new Error('not asked for in this test');
  };
  return {
    calls,
    endpoint: { address: { kind: 'socket', path: '/run/engine.sock' }, source: 'test', url: 'unix:///run/engine.sock' },
    description: 'Docker 28.5.2',
    listImages: (options) => {
      calls.push('list');
      return listImages(options);
    },
    // eslint-disable-next-line require-yield -- nothing ever happens
    events: async function* ({ signal }) {
      await untilAborted(signal);
    },
    platformsOf: unused,
    inspect: unused,
    describe: unused,
    history: unused,
    exportImages: unused,
    exportBlobs: unused,
    pusher: unused,
    puller: unused,
    retire: () => calls.push('retire'),
    dispose: () => calls.push('dispose'),
  };
}
