import * as v from 'valibot';

/** `stored`: as the engine stores the layers; what it holds unpacked is compressed by gzip. */
export const compressions = ['stored', 'auto', 'gzip', 'zstd', 'none'] as const;

export type Compression = (typeof compressions)[number];

export const strategies = ['auto', 'export', 'relay'] as const;

/** How an image leaves the engine: in an archive, or pushed by the engine itself to us. */
export type Strategy = (typeof strategies)[number];

// A message says what the argument has to be: “wants “target” to be a text that is not empty”.
const notEmpty = 'a text that is not empty';
export const text = v.pipe(v.string(notEmpty), v.nonEmpty(notEmpty));
export const flag = v.boolean('true or false');
const choice = <T extends readonly string[]>(choices: T): v.PicklistSchema<T, string> =>
  v.picklist(choices, `one of ${choices.join(', ')}`);

export const pushArguments = v.strictObject({
  image: text,
  target: v.optional(text),
  platform: v.optional(text),
  compression: v.optional(choice(compressions)),
  strategy: v.optional(choice(strategies)),
  recheck: v.optional(flag),
});

/** Arguments of `teaChest.pushImage`. */
export type PushArguments = Readonly<v.InferOutput<typeof pushArguments>>;
