import * as v from 'valibot';
import { lenient, listOf } from '../../core/base/json.ts';
import { compressions, strategies } from './pushArguments.ts';

/** What is written down of a push, as it is read after its process has ended. */
export const interruptedPush = v.object({
  /** As the person or the command said it. */
  image: v.string(),
  origin: v.string(),
  /** `owner/name` */
  repository: v.string(),
  /** `host[:port]/owner/name:tag` */
  target: v.string(),
  compression: lenient(v.picklist(compressions)),
  strategy: lenient(v.picklist(strategies)),
  platform: lenient(v.string()),
  spoolRoot: v.string(),
  /** Milliseconds since the epoch. */
  startedAt: v.number(),
  /** `formatIdentity` of the process. */
  process: v.string(),
  /** Upload sessions that were open last. */
  sessions: listOf(v.string()),
  /** It was stopped in good order, and nothing is left of it. */
  end: lenient(v.literal('windowClosed')),
  /** A person has been told of it; only sessions are left to be closed. */
  isTold: v.fallback(v.boolean(), false),
});

export type InterruptedPush = Readonly<v.InferOutput<typeof interruptedPush>>;

/** What is written down of a push when it begins. */
export type JournaledPush = Omit<InterruptedPush, 'process' | 'sessions' | 'end' | 'isTold'>;

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
