import * as v from 'valibot';
import { lenient, listOf } from '../../core/base/json.ts';
import { compressions, strategies } from './pushArguments.ts';

/** The journal entry of a push, as it is read after its process has ended. */
export const interruptedPush = v.object({
  /** As the person or the command gave it. */
  image: v.string(),
  origin: v.string(),
  /** `owner/name` */
  repository: v.string(),
  /** `host[:port]/owner/name:tag` */
  target: v.string(),
  compression: lenient(v.picklist(compressions)),
  strategy: lenient(v.picklist(strategies)),
  platform: lenient(v.string()),
  recheck: lenient(v.boolean()),
  spoolRoot: v.string(),
  /** Milliseconds since the epoch. */
  startedAt: v.number(),
  /** `formatIdentity` of the process. */
  process: v.string(),
  /** The upload sessions that were open at the end. */
  sessions: listOf(v.string()),
  /** Set if the push was stopped and had time to clean up. */
  end: lenient(v.literal('windowClosed')),
  /** The person has seen it. Only its sessions remain to be closed. */
  isTold: v.fallback(v.boolean(), false),
});

export type InterruptedPush = Readonly<v.InferOutput<typeof interruptedPush>>;

/** What the journal records when a push begins. */
export type JournaledPush = Omit<InterruptedPush, 'process' | 'sessions' | 'end' | 'isTold'>;
