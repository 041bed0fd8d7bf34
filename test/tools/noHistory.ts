import { randomUUID } from 'node:crypto';
import type { PushHistory } from '../../src/host/history/pushHistory.ts';

/** Records no push, for tests that look at something else. */
export const noHistory: Pick<PushHistory, 'begin'> = {
  begin: () => ({ id: randomUUID(), apply: () => Promise.resolve() }),
};
