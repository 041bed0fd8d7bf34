import { isAbsolute, resolve } from 'node:path';
import * as l10n from '@vscode/l10n';
import * as v from 'valibot';
import { quoted } from '../../../core/base/quoted.ts';
import { TeaChestError } from '../../../core/base/errors.ts';
import { problemOfImages } from '../../commands/arguments.ts';
import { pushArguments, pushImagesArguments, type PushImagesArguments } from '../../push/pushArguments.ts';

const paths = l10n.t({
  message: 'a path or a list of paths',
  comment: 'Noun phrase, as in “The task wants “composeFile” to be a path or a list of paths.”',
});
const pathText = v.string(paths);

/** A task of tasks.json (docs/tasks.md). VS Code has replaced its variables. */
const pushTask = v.strictObject({
  type: v.literal('teaChest'),
  task: v.literal('push', () => quoted('push')),
  image: v.optional(pushArguments.entries.image),
  composeFile: v.optional(v.union([pathText, v.array(pathText, paths)], paths)),
  images: pushImagesArguments.entries.images,
  services: pushImagesArguments.entries.services,
  profiles: pushImagesArguments.entries.profiles,
  target: pushImagesArguments.entries.target,
  platform: pushArguments.entries.platform,
  compression: pushImagesArguments.entries.compression,
  strategy: pushImagesArguments.entries.strategy,
  recheck: pushImagesArguments.entries.recheck,
});

/** What a task pushes: one image to a whole target, or several to an owner. */
export type TaskPush =
  | { readonly kind: 'image'; readonly args: v.InferOutput<typeof pushArguments> }
  | { readonly kind: 'images'; readonly args: PushImagesArguments };

/**
 * `folder`: what relative paths of compose files are below.
 * @throws TeaChestError `argumentInvalid`
 */
export function readPushTask(definition: unknown, folder: string | undefined): TaskPush {
  const read = v.safeParse(pushTask, definition, { abortEarly: true });
  if (!read.success) throw wrong(describeIssue(read.issues[0]));
  const { image, images, platform, composeFile, services, profiles, target, compression, strategy, recheck } =
    read.output;
  const shared = { images, services, profiles, target, compression, strategy, recheck };
  if (image !== undefined) return { kind: 'image', args: oneImage(image, platform, composeFile, shared) };
  if (shared.images === undefined && composeFile === undefined) {
    throw wrong(l10n.t('The task needs “image”, “images” or “composeFile”.'));
  }
  if (platform !== undefined) throw wrong(l10n.t('The task takes “platform” with “image”, or in each of “images”.'));
  const files = composeFile === undefined ? {} : { composeFile: absolutePaths([composeFile].flat(), folder) };
  const args = { ...shared, ...files };
  const problem = problemOfImages(args);
  if (problem === 'imagesAndFile') throw wrong(l10n.t('The task takes “images” or “composeFile”, not both.'));
  if (problem === 'servicesWithoutFile') {
    throw wrong(l10n.t('The task takes “services” and “profiles” only with “composeFile”.'));
  }
  return { kind: 'images', args };
}

function describeIssue({ path, message }: v.InferIssue<typeof pushTask>): string {
  const [item] = path ?? [];
  const name = item === undefined ? 'task' : String(item.key);
  if (!(name in pushTask.entries)) {
    return l10n.t`The task does not know “${name}”; it takes ${Object.keys(pushTask.entries).join(', ')}.`;
  }
  if (item !== undefined && item.value === undefined) return l10n.t`The task needs “${name}”.`;
  return l10n.t({
    message: 'The task wants “{0}” to be {1}.',
    args: [name, message],
    comment: '{1} is a noun phrase, such as “a text that is not empty” or “true or false”',
  });
}

function oneImage(
  image: string,
  platform: string | undefined,
  composeFile: unknown,
  { images, services, profiles, ...options }: Omit<PushImagesArguments, 'composeFile'>,
): v.InferOutput<typeof pushArguments> {
  if ([images, composeFile, services, profiles].some((other) => other !== undefined)) {
    throw wrong(l10n.t('The task takes only one of “image”, “images” and “composeFile”.'));
  }
  return { image, ...options, ...(platform !== undefined && { platform }) };
}

function absolutePaths(files: readonly string[], folder: string | undefined): string[] {
  return files.map((file) => {
    if (isAbsolute(file)) return file;
    if (folder === undefined) {
      throw wrong(l10n.t`The task names ${file}, and no folder is open that the path could be below.`);
    }
    return resolve(folder, file);
  });
}

function wrong(message: string): TeaChestError {
  return new TeaChestError('argumentInvalid', message, { stage: 'resolve' });
}
