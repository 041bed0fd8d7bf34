import type { RateSample } from './rateSamples.ts';

/**
 * What the bytes waited for, mostly. `source`: the sender waited for the engine to give, or for us to compress, the next
 * bytes; `engine` or `compression` where the waits say which. `registry`: compressed bytes waited for the network or the
 * registry. Which of these two is not known: what a socket has taken may still be in the kernel, or be waiting in a proxy.
 */
export type Bottleneck = 'engine' | 'compression' | 'source' | 'registry';

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
      ? [{ start, end, ms: end.at - start.at, isWaiting: Math.min(backlog(start), backlog(end)) > usualBacklog }]
      : [];
  });
  if (spans.length < leastSpans) return undefined;
  const total = spans.reduce((sum, { ms }) => sum + ms, 0);
  const waiting = spans.reduce((sum, { ms, isWaiting }) => sum + (isWaiting ? ms : 0), 0);
  if (waiting >= total * mostly) return 'registry';
  return waiting <= total * (1 - mostly) ? sourceOf(spans.filter(({ isWaiting }) => !isWaiting)) : undefined;
}

/** Which of the two gave the bytes late, in the spans in which none were waiting to be sent. */
function sourceOf(spans: readonly Span[]): 'engine' | 'compression' | 'source' {
  const engine = sumOf(spans, ({ engineMs = 0 }) => engineMs);
  const compression = sumOf(spans, ({ compressionMs = 0 }) => compressionMs);
  const total = sumOf(spans, ({ at }) => at);
  // Reading also waits for the disk, and for the sender.
  if (engine + compression < total / 2) return 'source';
  if (engine >= (engine + compression) * mostly) return 'engine';
  return compression >= (engine + compression) * mostly ? 'compression' : 'source';
}

interface Span {
  readonly start: RateSample;
  readonly end: RateSample;
}

function sumOf(spans: readonly Span[], of: (sample: RateSample) => number): number {
  return spans.reduce((sum, { start, end }) => sum + of(end) - of(start), 0);
}

function backlog({ stored, sent }: RateSample): number {
  return stored - sent;
}
