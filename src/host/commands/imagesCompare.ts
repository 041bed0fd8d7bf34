import * as l10n from '@vscode/l10n';
import { toTeaChestError } from '../../core/base/errors.ts';
import type { ImageDetails } from '../../core/ports/imageSource.ts';
import { showInformation } from '../display/messages.ts';
import type { ImageList } from '../engine/imageList.ts';
import { reportFailure } from '../errors/reportFailure.ts';
import type { Choice } from '../input/choiceRows.ts';
import { pickOne } from '../input/prompts.ts';
import { formatAge, formatBytes } from '../progress/format.ts';
import type { SyncStates } from '../sync/syncStates.ts';
import { describeState } from '../sync/syncText.ts';
import { formatTarget } from '../targets/target.ts';
import { tagsOf } from '../views/images/chosenImages.ts';
import type { ImageNode, TagNode as LocalTag } from '../views/images/imageTree.ts';
import type { DigestNode, RegistryNode, TagNode } from '../views/registries/registryTree.ts';
import {
  engineComparable,
  openComparison,
  registryComparable,
  type CompareDependencies,
  type RegistrySubject,
} from './compareImages.ts';
import { withRegistry } from './registryAction.ts';

export interface ImagesCompareDependencies extends CompareDependencies {
  readonly images: Pick<ImageList, 'open'>;
  readonly sync: Pick<SyncStates, 'destinationOf' | 'known'>;
}

/** `teaChest.images.compare`: an image of the engine with the tag that it is pushed to. */
export async function imagesCompareCommand(
  dependencies: ImagesCompareDependencies,
  node: ImageNode | undefined,
): Promise<void> {
  if (node === undefined) return;
  const candidates = tagsOf([node]).flatMap((tag) => candidatesOf(dependencies, tag));
  const [first, ...others] = candidates;
  if (first === undefined) {
    const message = l10n.t(
      'This image has no tag in a registry to compare with: it was not pushed from here, and its name is not that of a registry that you are signed in to. “Compare with Local Image…” on a tag of the Registries view compares any two.',
    );
    void showInformation(message, []);
    return;
  }
  const chosen =
    others.length === 0
      ? first.value
      : await pickOne(candidates, { title: l10n.t('Compare with Registry'), placeholder: l10n.t('Which tag?') });
  if (chosen !== undefined) await compareLocal(dependencies, chosen.subject, chosen.reference);
}

/** `teaChest.registries.compare`: a tag or a digest with an image of the engine. */
export async function registriesCompareCommand(
  dependencies: ImagesCompareDependencies,
  node: RegistryNode | undefined,
): Promise<void> {
  if (node?.type !== 'tag' && node?.type !== 'digest') return;
  try {
    const subject = subjectOf(node);
    const state = await dependencies.images.open();
    if (state.kind === 'problem') throw state.error;
    const all = state.kind === 'ready' ? state.images.filter(({ obstacle }) => obstacle === undefined) : [];
    const names = all.flatMap((image) => image.references.map((reference) => ({ reference, image })));
    const own = names.filter(({ reference }) => isTargetOf(dependencies, reference, subject));
    const alike = names.filter(({ reference }) => isNamedAlike(reference, node));
    const choices = [...new Set([...own, ...alike, ...names])].map(({ reference, image }) => ({
      label: reference,
      description: [formatBytes(image.size), formatAge(image.createdAt, Date.now())]
        .filter((fact) => fact !== '')
        .join(' · '),
      value: reference,
    }));
    if (choices.length === 0) {
      void showInformation(l10n.t('The container engine has no image to compare with.'), []);
      return;
    }
    const [only] = own;
    const reference =
      only !== undefined && own.length === 1
        ? only.reference
        : await pickOne(choices, { title: l10n.t('Compare with Local Image'), placeholder: l10n.t('Which image?') });
    if (reference !== undefined) await compareLocal(dependencies, subject, reference);
  } catch (error) {
    void reportFailure(toTeaChestError(error, 'browse'), {
      retry: () => registriesCompareCommand(dependencies, node),
    });
  }
}

/** `api:1` for the tag `dev/api:1`, wherever it was pushed to. */
function isNamedAlike(reference: string, node: TagNode | DigestNode): boolean {
  return node.type === 'tag' && `/${node.repository}:${node.tag}`.endsWith(`/${reference}`);
}

/** `teaChest.registries.compareSelected`: two tags or digests of registries. */
export async function registriesCompareSelectedCommand(
  dependencies: CompareDependencies,
  nodes: readonly RegistryNode[],
): Promise<void> {
  const [left, right, ...others] = nodes.filter((node) => node.type === 'tag' || node.type === 'digest');
  if (left === undefined || right === undefined || others.length > 0) {
    void showInformation(l10n.t('Select two tags to compare them.'), []);
    return;
  }
  const [one, other] = [subjectOf(left), subjectOf(right)];
  const title = l10n.t('Comparing the images');
  const read = async (subject: RegistrySubject): ReturnType<typeof readSide> => readSide(dependencies, subject, title);
  const sides = [await read(one), await read(other)] as const;
  if (sides[0] !== undefined && sides[1] !== undefined) await openComparison(sides[0], sides[1], undefined);
}

type Candidate = Choice<{ readonly reference: string; readonly subject: RegistrySubject }>;

function candidatesOf({ sync }: ImagesCompareDependencies, { reference, image }: LocalTag): readonly Candidate[] {
  const destination = reference === undefined ? undefined : sync.destinationOf(reference);
  if (reference === undefined || destination === undefined || image.obstacle !== undefined) return [];
  const { connection, target } = destination;
  const subject = { connection, repository: target.repository, reference: target.tag };
  const state = describeState(sync.known({ reference, imageId: image.id }));
  const description = [`→ ${formatTarget(target)}`, state].filter((part) => part !== '').join(' · ');
  return [{ label: reference, description, value: { reference, subject } }];
}

function isTargetOf(
  { sync }: ImagesCompareDependencies,
  image: string,
  { connection, repository, reference }: RegistrySubject,
): boolean {
  const destination = sync.destinationOf(image);
  if (destination?.connection.origin !== connection.origin) return false;
  return destination.target.repository === repository && destination.target.tag === reference;
}

/** The registry's image is on the left: the right side shows what a push would make of it. */
async function compareLocal(
  dependencies: ImagesCompareDependencies,
  subject: RegistrySubject,
  image: string,
): Promise<void> {
  const read = await withRegistry(
    dependencies,
    subject.connection,
    l10n.t`Comparing ${image} with the registry`,
    async ({ contents, signal }) => {
      const engine = await dependencies.link.get();
      const details: ImageDetails = await engine.inspect(image, { signal });
      return { details, left: await registryComparable(contents, subject, signal) };
    },
  );
  if (read === undefined) return;
  await openComparison(read.left, engineComparable(image, read.details), read.details.platform);
}

async function readSide(
  dependencies: CompareDependencies,
  subject: RegistrySubject,
  title: string,
): Promise<Awaited<ReturnType<typeof registryComparable>> | undefined> {
  return await withRegistry(dependencies, subject.connection, title, ({ contents, signal }) =>
    registryComparable(contents, subject, signal),
  );
}

function subjectOf(node: TagNode | DigestNode): RegistrySubject {
  const { connection, repository } = node;
  return { connection, repository, reference: node.type === 'tag' ? node.tag : node.digest };
}
