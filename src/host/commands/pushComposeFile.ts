import { basename } from 'node:path';
import * as l10n from '@vscode/l10n';
import * as vscode from 'vscode';
import { TeaChestError } from '../../core/base/errors.ts';
import type { ComposeImage } from '../../core/compose/readComposeImages.ts';
import { askModalChoice } from '../display/messages.ts';
import { reportFailure } from '../errors/reportFailure.ts';
import { pickOne, pickSeveral } from '../input/prompts.ts';
import {
  describeMissing,
  findComposeImages,
  type FoundComposeImages,
  type InspectImage,
} from '../push/composeImages.ts';
import type { PushController } from '../push/pushController.ts';

export interface PushComposeFileDependencies {
  readonly push: Pick<PushController, 'pushAll' | 'preview'>;
  readonly inspect: InspectImage;
}

const composeFiles = '**/{compose,docker-compose}*.{yml,yaml}';
const longestList = 200;

/**
 * `teaChest.pushComposeFile`: the person chooses among the images of a compose file, and pushes them together. `clicked`
 * and `selected` are the files of the explorer, in the order in which they change each other.
 */
export async function pushComposeFileCommand(
  dependencies: PushComposeFileDependencies,
  clicked?: vscode.Uri,
  selected?: readonly vscode.Uri[],
): Promise<void> {
  const { push } = dependencies;
  await useComposeFile({ ...dependencies, texts: pushTexts, use: (images) => push.pushAll(images) }, clicked, selected);
}

/** `teaChest.previewComposeFile`: the same questions, and then the plan of that push. */
export async function previewComposeFileCommand(
  dependencies: PushComposeFileDependencies,
  clicked?: vscode.Uri,
  selected?: readonly vscode.Uri[],
): Promise<void> {
  const { push } = dependencies;
  const use = (images: readonly string[]): Promise<void> => push.preview(images);
  await useComposeFile({ ...dependencies, texts: previewTexts, use }, clicked, selected);
}

interface ComposeFileUse extends Pick<PushComposeFileDependencies, 'inspect'> {
  readonly texts: ComposeFileTexts;
  readonly use: (images: readonly string[]) => Promise<void>;
}

/** The texts that name what is done with the images. */
interface ComposeFileTexts {
  readonly title: string;
  readonly titleOf: (count: number, file: string) => string;
  /** A button: goes on with the images that the engine has. */
  readonly others: (count: number) => string;
}

const pushTexts: ComposeFileTexts = {
  title: l10n.t('Push Images of Compose File'),
  titleOf: (count, file) => (count === 1 ? l10n.t`Push 1 image of ${file}` : l10n.t`Push ${count} images of ${file}`),
  others: (count) => (count === 1 ? l10n.t('Push the Other One') : l10n.t`Push the Other ${count}`),
};

const previewTexts: ComposeFileTexts = {
  title: l10n.t('Preview Push of Compose File'),
  titleOf: (count, file) =>
    count === 1
      ? l10n.t`Preview the push of 1 image of ${file}`
      : l10n.t`Preview the push of ${count} images of ${file}`,
  others: (count) => (count === 1 ? l10n.t('Preview the Other One') : l10n.t`Preview the Other ${count}`),
};

async function useComposeFile(
  what: ComposeFileUse,
  clicked: vscode.Uri | undefined,
  selected: readonly vscode.Uri[] | undefined,
): Promise<void> {
  const { texts, inspect, use } = what;
  const files = filesOf(clicked, selected) ?? (await chooseFile(texts.title));
  if (files === undefined) return;
  try {
    const images = await chooseImages(files, await findComposeImages({ files }, inspect), texts);
    if (images !== undefined && images.length > 0) await use(images);
  } catch (error) {
    void reportFailure(error, { retry: () => useComposeFile(what, clicked, selected) });
  }
}

function filesOf(clicked?: vscode.Uri, selected?: readonly vscode.Uri[]): readonly string[] | undefined {
  if (!(clicked instanceof vscode.Uri)) return undefined;
  const several = Array.isArray(selected) && selected.length > 0 ? (selected as readonly vscode.Uri[]) : [clicked];
  return several.map(({ fsPath }) => fsPath);
}

/** One of the open folders, or any other. Undefined if the person cancels. */
async function chooseFile(title: string): Promise<readonly string[] | undefined> {
  const found = await vscode.workspace.findFiles(composeFiles, '**/node_modules/**', longestList);
  const files = found.filter(({ path }) => !/\.override\.ya?ml$/.test(path)).sort(byPath);
  const [only, ...others] = files;
  if (only === undefined) {
    const chosen = await vscode.window.showOpenDialog({
      title,
      openLabel: l10n.t('Choose'),
      filters: { [l10n.t('Compose files')]: ['yml', 'yaml'] },
    });
    return chosen?.map(({ fsPath }) => fsPath);
  }
  if (others.length === 0) return [only.fsPath];
  const choices = files.map((uri) => ({
    ...{ label: basename(uri.fsPath), description: vscode.workspace.asRelativePath(uri), value: [uri.fsPath] },
  }));
  return await pickOne(choices, { title, placeholder: l10n.t('Which compose file?') });
}

function byPath(one: vscode.Uri, other: vscode.Uri): number {
  return one.path.localeCompare(other.path);
}

/** Undefined if the person cancels. */
async function chooseImages(
  files: readonly string[],
  found: FoundComposeImages,
  texts: ComposeFileTexts,
): Promise<readonly string[] | undefined> {
  const { images, missing, inactive } = found;
  const [first = ''] = files;
  const file = basename(first);
  const present = images.filter((image) => !missing.includes(image));
  if (images.length === 0) {
    const message = l10n.t`${file} names no image that can be pushed.`;
    throw new TeaChestError('composeFileInvalid', message, { stage: 'resolve', facts: { file: first } });
  }
  if (present.length === 0) {
    const message = l10n.t`The engine has none of the images of ${file}: ${missing.map(describeMissing).join(', ')}. Run “docker compose build” or “docker compose pull” first.`;
    throw new TeaChestError('imageNotFound', message, { stage: 'inspect', facts: { file: first } });
  }
  if (missing.length > 0) {
    const go = texts.others(present.length);
    const question = l10n.t`The engine lacks ${missing.length} of the ${images.length} images of ${file}.`;
    const detail = [
      ...missing.map(describeMissing),
      l10n.t('Run “docker compose build” or “docker compose pull” for them.'),
    ];
    if ((await askModalChoice(question, detail, [go])) !== go) return undefined;
  }
  const placeholder =
    inactive.length === 0
      ? l10n.t('Enter goes on with the images that are ticked')
      : l10n.t`Left out, as none of their profiles is active: ${inactive.join(', ')}`;
  return await pickSeveral(present.map(imageRow), { title: texts.titleOf(present.length, file), placeholder });
}

function imageRow({ image, services, isBuilt }: ComposeImage): Parameters<typeof pickSeveral<string>>[0][number] {
  const names = services.join(', ');
  const ofServices = services.length === 1 ? l10n.t`service ${names}` : l10n.t`services ${names}`;
  return {
    label: image,
    description: isBuilt ? `${ofServices} · ${l10n.t('built here')}` : ofServices,
    value: image,
  };
}
