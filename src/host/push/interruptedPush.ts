import { compressions, strategies, type Compression, type Strategy } from './pushArguments.ts';
import { isRecord } from '../record.ts';

/** What is written down of a push when it begins. */
export interface JournaledPush {
  /** As the person or the command said it. */
  readonly image: string;
  readonly origin: string;
  /** `owner/name` */
  readonly repository: string;
  /** `host[:port]/owner/name:tag` */
  readonly target: string;
  readonly compression?: Compression | undefined;
  readonly strategy?: Strategy | undefined;
  readonly platform?: string | undefined;
  readonly spoolRoot: string;
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
}

/** The same after its process has ended. */
export interface InterruptedPush extends JournaledPush {
  /** `formatIdentity` of the process. */
  readonly process: string;
  /** Upload sessions that were open last. */
  readonly sessions: readonly string[];
  /** It was stopped in good order, and nothing is left of it. */
  readonly end: 'windowClosed' | undefined;
  /** Somebody was told of it; only sessions are left to be closed. */
  readonly isTold: boolean;
}

/** Undefined for what an older or newer version has written differently. */
export function readInterrupted(value: unknown): InterruptedPush | undefined {
  if (!isRecord(value)) return undefined;
  const { image, origin, repository, target, spoolRoot, startedAt, process, platform } = value;
  if (typeof image !== 'string' || typeof origin !== 'string' || typeof repository !== 'string') return undefined;
  if (typeof target !== 'string' || typeof spoolRoot !== 'string' || typeof process !== 'string') return undefined;
  if (typeof startedAt !== 'number') return undefined;
  const sessions: unknown[] = Array.isArray(value['sessions']) ? value['sessions'] : [];
  return {
    ...{ image, origin, repository, target, spoolRoot, startedAt, process },
    compression: compressions.find((one) => one === value['compression']),
    strategy: strategies.find((one) => one === value['strategy']),
    platform: typeof platform === 'string' ? platform : undefined,
    sessions: sessions.filter((session) => typeof session === 'string'),
    end: value['end'] === 'windowClosed' ? 'windowClosed' : undefined,
    isTold: value['isTold'] === true,
  };
}

/** One sentence for all of them, and what to do next. */
export function describeInterrupted(pushes: readonly Pick<InterruptedPush, 'image' | 'target' | 'end'>[]): string {
  const [first] = pushes;
  const kept = 'Layers that arrived are not sent again.';
  if (first !== undefined && pushes.length === 1) {
    const why =
      first.end === 'windowClosed' ? 'was stopped when its window closed' : 'was interrupted: VS Code ended during it';
    return `The push of ${first.image} to ${first.target} ${why}. ${kept}`;
  }
  const list = pushes.map(({ image, target }) => `${image} to ${target}`).join(', ');
  return `${pushes.length} pushes were interrupted when VS Code ended: ${list}. ${kept}`;
}
