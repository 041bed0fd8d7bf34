import type { PushEvent } from '../../../src/core/push/pushEvents.ts';
import type { Fault, Faults } from '../../fakeGitea/http/faults.ts';

export type Strategy = 'export' | 'relay';

/** A point at which a push is interrupted: an event of the push, or a request to the registry. */
export interface InterruptionPoint {
  readonly name: string;
  readonly isReached?: (event: PushEvent, strategy: Strategy) => boolean;
  /** The first matching request hangs. `config`: the digest of the image's config. */
  readonly fault?: (config: string) => readonly Fault[];
}

/** Of the first layer that is compressed. */
const aPart = 3_000_000;

const hangs = (method: string, path: RegExp, afterBytes?: number): Fault => ({
  method,
  path,
  times: Infinity,
  action: afterBytes === undefined ? { kind: 'stall' } : { kind: 'stall', afterBytes },
});

/** Bytes from the engine, by export or relay. */
function arrived(event: PushEvent): number {
  if (event.type === 'received') return event.bytes;
  return event.type === 'layer' ? Math.max(event.status.readBytes, event.status.storedBytes) : 0;
}

/** For an image of at least two layers above 6 MB whose content a registry has never seen. */
export const interruptionPoints: readonly InterruptionPoint[] = [
  {
    name: 'before the engine is asked for the image',
    isReached: (event) => event.type === 'stage' && event.stage === 'inspect',
  },
  { name: 'once it is planned', isReached: (event) => event.type === 'planned' },
  {
    name: 'while the engine is silent',
    isReached: (event, strategy) =>
      strategy === 'export'
        ? event.type === 'received' && event.bytes === 0
        : event.type === 'stage' && event.stage === 'export',
  },
  { name: 'at the first bytes of a layer', isReached: (event) => arrived(event) > 0 },
  { name: 'in the middle of a layer', isReached: (event) => arrived(event) > aPart },
  {
    name: 'between two layers',
    isReached: (event) => event.type === 'layer' && event.index > 0 && event.status.state === 'reading',
  },
  {
    name: 'while a layer is compressed',
    isReached: (event, strategy) =>
      event.type === 'layer' && event.status.storedBytes > (strategy === 'export' ? 0 : 1_000_000),
  },
  {
    name: 'in the middle of a chunk',
    fault: () => [
      hangs('PATCH', /\/blobs\/uploads\/./, 1_000_000),
      hangs('PUT', /\/blobs\/uploads\/[^?]+\?digest=/, 1_000_000),
    ],
  },
  { name: 'when the config is looked for', fault: (config) => [hangs('HEAD', new RegExp(`/blobs/${config}`))] },
  {
    name: 'while the config is sent',
    fault: (config) => [hangs('POST', new RegExp(`digest=${config}`)), hangs('PUT', new RegExp(`digest=${config}`))],
  },
  {
    name: 'before the manifest is sent',
    isReached: (event) => event.type === 'stage' && event.stage === 'manifest',
  },
  { name: 'while the manifest is sent', fault: () => [hangs('PUT', /\/manifests\//)] },
];

/** Has `interrupt` called when the registry is asked for what belongs to the point; the push's events are the caller's. */
export function armFaults(point: InterruptionPoint, faults: Faults, config: string, interrupt: () => void): void {
  for (const fault of point.fault?.(config) ?? []) faults.add({ ...fault, onStrike: interrupt });
}
