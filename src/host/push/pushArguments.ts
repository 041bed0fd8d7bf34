import { isAbsolute } from 'node:path';
import * as l10n from '@vscode/l10n';
import * as v from 'valibot';

/** `stored`: as the engine stores the layers; what it holds unpacked is compressed by gzip. */
export const compressions = ['stored', 'auto', 'gzip', 'zstd', 'none'] as const;

export type Compression = (typeof compressions)[number];

export const strategies = ['auto', 'export', 'relay'] as const;

/** How an image leaves the engine: in an archive, or pushed to us by the engine itself. */
export type Strategy = (typeof strategies)[number];

// The messages complete a sentence: “wants “target” to be a text that is not empty”.
export const notEmpty = l10n.t({
  message: 'a text that is not empty',
  comment: 'Noun phrase, as in “wants “target” to be a text that is not empty”',
});
export const text = v.pipe(v.string(notEmpty), v.nonEmpty(notEmpty));
export const flag = v.boolean(
  l10n.t({ message: 'true or false', comment: 'Noun phrase, as in “wants “recheck” to be true or false”' }),
);
const choice = <T extends readonly string[]>(choices: T): v.PicklistSchema<T, string> =>
  v.picklist(
    choices,
    l10n.t({
      message: 'one of {0}',
      args: [choices.join(', ')],
      comment: 'Noun phrase, as in “wants “strategy” to be one of auto, export, relay”',
    }),
  );

export const pushArguments = v.strictObject({
  image: text,
  target: v.optional(text),
  /** `os/architecture[/variant]` that the image must have. */
  platform: v.optional(text),
  compression: v.optional(choice(compressions)),
  strategy: v.optional(choice(strategies)),
  /** Look for every layer in the registry again, and call nothing unchanged. */
  recheck: v.optional(flag),
});

/** Arguments of `teaChest.pushImage` (docs/automation.md): the image and its target as text, and the options. */
export type PushArguments = Readonly<v.InferOutput<typeof pushArguments>>;

/** How an image is pushed, wherever it goes. The settings decide what is absent. */
export type PushOptions = Omit<PushArguments, 'image' | 'target'>;

const imageList = l10n.t({
  message: 'a list of images that is not empty, each of them a text or an object with image, target and platform',
  comment: 'Noun phrase, as in “wants “images” to be a list of images”',
});
const listed = v.pipe(v.string(imageList), v.nonEmpty(imageList));

const images = v.pipe(
  v.array(
    v.union(
      [listed, v.strictObject({ image: listed, target: v.optional(listed), platform: v.optional(listed) }, imageList)],
      imageList,
    ),
    imageList,
  ),
  v.nonEmpty(imageList),
);

const nameList = l10n.t({
  message: 'a list of texts that are not empty',
  comment: 'Noun phrase, as in “wants “services” to be a list of texts”',
});
const names = v.array(v.pipe(v.string(nameList), v.nonEmpty(nameList)), nameList);

/** Absolute: there is no folder that a relative path could refer to. */
const filePath = l10n.t({
  message: 'an absolute path, or a list of such paths that is not empty',
  comment: 'Noun phrase, as in “wants “composeFile” to be an absolute path”',
});
const absolute = v.pipe(v.string(filePath), v.check(isAbsolute, filePath));
const composeFile = v.union([absolute, v.pipe(v.array(absolute, filePath), v.nonEmpty(filePath))], filePath);

export const pushImagesArguments = v.strictObject({
  images: v.optional(images),
  /** In place of `images`: those of a compose file. */
  composeFile: v.optional(composeFile),
  /** Of the compose file, only these services. */
  services: v.optional(names),
  /** Profiles of the compose file that are active. */
  profiles: v.optional(names),
  /** `host[:port]/owner`: where images without a target of their own go, with their name and tag. */
  target: v.optional(text),
  compression: v.optional(choice(compressions)),
  strategy: v.optional(choice(strategies)),
  recheck: v.optional(flag),
});

/** Arguments of `teaChest.pushImages` (docs/automation.md). */
export type PushImagesArguments = Readonly<v.InferOutput<typeof pushImagesArguments>>;
