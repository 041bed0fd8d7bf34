import type { RateSample } from './rateSamples.ts';

/**
 * What a run waited for, mostly:
 * - `engine`: its next bytes, or its first ones
 * - `compression`: compressed bytes, while the engine's were there
 * - `source`: one of these two. It is not known which
 * - `reading`: bytes that are not compressed, out of the engine and through our own check of them
 * - `network`: bytes waited, and the other side had room for them
 * - `receiver`: bytes waited, because the other side had no room for more
 * - `answers`: everything was sent, and the registry's answers were missing
 * - `link`: one of the last three. It is not known which
 */
export type Bottleneck = 'engine' | 'compression' | 'source' | 'reading' | 'network' | 'receiver' | 'answers' | 'link';

/** The part of the time after which a cause is named. */
const mostly = 2 / 3;
/** With fewer spans the counts say nothing. */
const leastSpans = 4;
/** Milliseconds: a connection must have been observed for so long. */
const leastObserved = 2_000;

type Causes = Readonly<Partial<Record<Bottleneck, number>>>;

/** Undefined where nothing was the reason for most of the time, or too little was counted. */
export function findBottleneck(samples: readonly RateSample[]): Bottleneck | undefined {
  const spans = samples.slice(1).flatMap((end, at) => {
    const start = samples[at];
    return start === undefined ? [] : [toSpan(start, end)];
  });
  if (spans.length < leastSpans || samples.at(-1)?.sendingMs === undefined) return undefined;
  const causes = causesOf(spans);
  const total = sumOf(spans, ({ ms }) => ms);
  const share = (...names: readonly Bottleneck[]): number =>
    names.reduce((sum, name) => sum + (causes[name] ?? 0), 0) / total;
  const one = (['engine', 'compression', 'network'] as const).find((name) => share(name) >= mostly);
  if (one !== undefined) return one;
  if (share('engine', 'reading') >= mostly) return 'reading';
  if (share('receiver', 'answers') >= mostly) return share('receiver') > share('answers') ? 'receiver' : 'answers';
  if (share('engine', 'compression', 'source', 'reading') >= mostly) return 'source';
  return share('network', 'receiver', 'answers', 'link') >= mostly ? 'link' : undefined;
}

/** The time between two samples, and how much of each count is of it. */
interface Span {
  readonly ms: number;
  readonly preparing: number;
  readonly sending: number;
  readonly written: number;
  readonly answer: number;
  /** What remains of `ms`: sending kept up with the source. */
  readonly rest: number;
  readonly isMoving: boolean;
  readonly engine: number;
  readonly compression: number | undefined;
  readonly observed: number;
  readonly busy: number;
  readonly receiver: number;
}

function toSpan(start: RateSample, end: RateSample): Span {
  const grown = (name: keyof RateSample): number => Math.max(0, (end[name] ?? 0) - (start[name] ?? 0));
  const ms = end.at - start.at;
  const [preparing, sending] = [grown('preparingMs'), grown('sendingMs')];
  const [written, answer] = [grown('writtenMs'), grown('answerMs')];
  return {
    ...{ ms, preparing, sending, written, answer },
    rest: Math.max(0, ms - preparing - sending - written - answer),
    isMoving: end.read > start.read || end.sent > start.sent,
    engine: grown('engineMs'),
    compression: end.compressionMs === undefined ? undefined : grown('compressionMs'),
    ...{ observed: grown('observedMs'), busy: grown('busyMs'), receiver: grown('receiverMs') },
  };
}

function causesOf(spans: readonly Span[]): Causes {
  const preparing = sumOf(spans, (span) => span.preparing);
  const answers = sumOf(spans, (span) => span.answer);
  const ofSource = sourceCauses(spans.filter(({ ms, sending }) => sending < ms / 2));
  const ofLink = linkCauses(spans);
  return {
    ...ofSource,
    ...ofLink,
    engine: (ofSource.engine ?? 0) + preparing,
    answers: (ofLink.answers ?? 0) + answers,
  };
}

/**
 * The spans in which mostly nothing waited to be sent. A wait for the engine is counted when it ends, so that idle time before may
 * be part of it.
 */
function sourceCauses(spans: readonly Span[]): Causes {
  const engine = sumOf(spans, (span) => span.engine);
  const compression = sumOf(spans, (span) => span.compression ?? 0);
  const total = sumOf(spans, ({ rest }) => rest);
  const known = engine + compression;
  // Reading also waits for the disk, and for the sender.
  if (known > 0 && known >= total / 2) {
    if (engine >= known * mostly) return { engine: total };
    return compression >= known * mostly ? { compression: total } : { source: total };
  }
  const moving = sumOf(spans, ({ rest, isMoving }) => (isMoving ? rest : 0));
  const isUncompressed = spans.some((span) => span.compression !== undefined) && compression === 0;
  return isUncompressed ? { reading: moving } : { source: moving };
}

/** The time in which bytes waited to be sent, and in which all were written and may still have waited in this machine. */
function linkCauses(spans: readonly Span[]): Causes {
  const sending = sumOf(spans, (span) => span.sending);
  const written = sumOf(spans, (span) => span.written);
  const observed = sumOf(spans, (span) => span.observed);
  if (observed < leastObserved) return { link: sending + written };
  const total = sending + written;
  const busyShare = Math.min(1, sumOf(spans, ({ busy }) => busy) / observed);
  const receiverShare =
    sumOf(spans, ({ receiver }) => receiver) /
    Math.max(
      1,
      sumOf(spans, ({ busy }) => busy),
    );
  // Where nothing was on its way, answers were missing; beyond `written` it may as well have been this machine.
  const answers = Math.min(written, total * (1 - busyShare));
  const onTheWay = Math.min(total - answers, total * busyShare);
  const link = total - answers - onTheWay;
  if (receiverShare >= mostly) return { receiver: onTheWay, answers, link };
  return receiverShare <= 1 - mostly ? { network: onTheWay, answers, link } : { link: onTheWay + link, answers };
}

function sumOf(spans: readonly Span[], of: (span: Span) => number): number {
  return spans.reduce((sum, span) => sum + of(span), 0);
}
