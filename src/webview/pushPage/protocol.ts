import * as v from 'valibot';

/*
 * What the extension and its push page send each other. Both sides check what they get. All texts are made by the
 * extension; the page only draws them, as text.
 */

/** What the buttons of the page do. */
const pageActions = [
  ...['cancel', 'push', 'retry', 'planAgain', 'preview'],
  ...['showError', 'copyDigest', 'openInBrowser', 'showLog', 'showPushes'],
] as const;

/** How a layer is drawn, by pattern and colour. Its state in words is `stateText`. */
export const barLooks = [
  'there',
  'mounted',
  'probable',
  'toSend',
  'unknown',
  'waiting',
  'reading',
  'sending',
  'done',
  'stopped',
  'size',
] as const;

const tones = ['neutral', 'running', 'good', 'warning', 'error'] as const;
const text = v.string();
const fraction = v.pipe(v.number(), v.minValue(0), v.maxValue(1));
const bytes = v.pipe(v.number(), v.finite(), v.minValue(0));

const bar = v.object({
  key: text,
  /** In the table and beside the stack. */
  number: text,
  /** The instruction that made it, or its digest. */
  name: text,
  isInstruction: v.boolean(),
  /** A second line: the platform of an index, the repository that has it. */
  note: v.optional(text),
  look: v.picklist(barLooks),
  sizeText: text,
  sendText: v.optional(text),
  stateText: v.optional(text),
  /** The height of its bar. */
  weight: bytes,
  filled: fraction,
});

const action = v.object({ id: v.picklist(pageActions), label: text, isPrimary: v.boolean() });

const image = v.object({
  key: text,
  /** Undefined where the page has only one image. */
  heading: v.optional(text),
  /** Of the table. */
  caption: text,
  bars: v.array(bar),
  /** In place of the table, if there are no bars. */
  emptyText: v.optional(text),
  notices: v.array(v.object({ tone: v.picklist(tones), text })),
  facts: v.array(v.object({ label: text, value: text })),
  /** What can be done about this image alone. */
  actions: v.array(action),
});

const chart = v.object({
  heading: text,
  /** From left to right, each from 0 to 1. */
  points: v.array(v.object({ x: fraction, y: fraction })),
  /** The rate at the top, and the time at the right. */
  topText: text,
  endText: text,
  /** The same in words. */
  alternative: text,
});

const page = v.object({
  mode: v.picklist(['push', 'plan', 'layers']),
  kicker: text,
  title: text,
  subtitle: v.optional(text),
  status: v.object({ tone: v.picklist(tones), text }),
  progress: v.optional(v.object({ label: text, text, fraction: v.optional(fraction) })),
  facts: v.array(v.object({ label: text, value: text })),
  actions: v.array(action),
  notices: v.array(v.object({ tone: v.picklist(tones), text })),
  images: v.array(image),
  chart: v.optional(chart),
  /** What a screen reader says when it changes, though not more often than every few seconds. */
  announcement: text,
  labels: v.object({
    columns: v.object({ number: text, name: text, size: text, send: v.optional(text), state: v.optional(text) }),
    legend: text,
    /** By look; one that has none is not explained. */
    looks: v.record(v.picklist(barLooks), text),
    /** Under a stack with bars that are higher than their size. */
    leastHeight: text,
  }),
});

export type Page = Readonly<v.InferOutput<typeof page>>;
export type PageImage = Readonly<v.InferOutput<typeof image>>;
export type PageBar = Readonly<v.InferOutput<typeof bar>>;
export type PageChart = Readonly<v.InferOutput<typeof chart>>;
export type PageNotice = PageImage['notices'][number];
export type PageFact = PageImage['facts'][number];
export type PageAction = (typeof pageActions)[number];
export type PageButton = Readonly<v.InferOutput<typeof action>>;
export type BarLook = (typeof barLooks)[number];
export type Tone = (typeof tones)[number];

/** To the page. `source`: what the page is of, kept by VS Code across restarts of the window. */
export const toPage = v.object({ type: v.literal('page'), page, source: v.unknown() });

/** To the extension. */
export const toExtension = v.variant('type', [
  v.strictObject({ type: v.literal('ready') }),
  /** `image`: the key of the image whose button it is. */
  v.strictObject({ type: v.literal('action'), id: v.picklist(pageActions), image: v.exactOptional(text) }),
]);

export type ToPage = v.InferOutput<typeof toPage>;
export type ToExtension = v.InferOutput<typeof toExtension>;
