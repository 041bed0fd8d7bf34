import type { RateSample } from './rateSamples.ts';

/**
 * What the bytes waited for, mostly. `source`: the sender waited for the engine to give, or for us to compress, the next
 * bytes. `registry`: compressed bytes waited for the network or the registry. The counts do not tell the two apart.
 */
export type Bottleneck = 'source' | 'registry';

/** Bytes that wait although nothing is slow: a request is being filled with them. */
const usualBacklog = 1024 * 1024;
/** The part of the time after which one of the two is named. */
const mostly = 2 / 3;
/** With fewer spans the counts say nothing. */
const leastSpans = 4;

/** Undefined where neither was the reason for most of the time, or too little was counted. */
export function findBottleneck(samples: readonly RateSample[]): Bottleneck | undefined {
  const spans = samples.slice(1).flatMap((end, at) => {
    const start = samples[at];
    const isMoving = start !== undefined && (end.read > start.read || end.sent > start.sent);
    return isMoving
      ? [{ ms: end.at - start.at, isWaiting: Math.min(backlog(start), backlog(end)) > usualBacklog }]
      : [];
  });
  if (spans.length < leastSpans) return undefined;
  const total = spans.reduce((sum, { ms }) => sum + ms, 0);
  const waiting = spans.reduce((sum, { ms, isWaiting }) => sum + (isWaiting ? ms : 0), 0);
  if (waiting >= total * mostly) return 'registry';
  return waiting <= total * (1 - mostly) ? 'source' : undefined;
}

function backlog({ stored, sent }: RateSample): number {
  return stored - sent;
}
