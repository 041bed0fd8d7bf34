import * as l10n from '@vscode/l10n';
import { isBuildDate } from '../../../core/oci/buildDate.ts';
import type { EngineImage } from '../../../core/docker/types.ts';
import { shortDigest } from '../../../core/oci/digest.ts';
import { withoutTagAndDigest } from '../../../core/oci/imageReference.ts';
import { describeUse, isRunning, joined } from './imageFacts.ts';

export type ImageNode = RepositoryNode | TagNode;

/** All tags of one repository, newest first. Its row keeps its ID when the second tag comes or goes. */
export interface RepositoryNode {
  readonly type: 'repository';
  readonly id: string;
  readonly name: string;
  readonly tags: readonly TagNode[];
}

/** One reference of an image, or an untagged image. */
export interface TagNode {
  readonly type: 'tag';
  readonly id: string;
  /** `1.2`, `@1a2b3c4d5e6f` for an image that is known by its digest, or the short ID of an image without a name. */
  readonly label: string;
  /** `repository:tag` or `repository@sha256:…`. */
  readonly reference: string | undefined;
  readonly image: EngineImage;
}

const untagged = '<none>';

/** Groups images by repository, the one with the newest image first. */
export function buildImageTree(
  images: readonly EngineImage[],
  options: { readonly showDangling: boolean },
): readonly RepositoryNode[] {
  const byRepository = new Map<string, TagNode[]>();
  const ids = new Set<string>();
  const add = (name: string, tag: Omit<TagNode, 'type'>): void => {
    // VS Code shows nothing if an ID comes twice. The engine may give one reference to two images.
    const id = ids.has(tag.id) ? `${tag.id} ${tag.image.id} ${ids.size}` : tag.id;
    ids.add(id);
    const node: TagNode = { type: 'tag', ...tag, id };
    const tags = byRepository.get(name);
    if (tags === undefined) byRepository.set(name, [node]);
    else tags.push(node);
  };
  for (const image of images) {
    for (const reference of [...image.references, ...image.digestReferences]) {
      add(withoutTagAndDigest(reference), {
        id: `tag ${reference}`,
        label: labelOf(reference),
        reference,
        image,
      });
    }
    if (!hasName(image) && options.showDangling) {
      add(untagged, { id: `image ${image.id}`, label: shortDigest(image.id), reference: undefined, image });
    }
  }
  const repositories = [...byRepository].map(([name, tags]): RepositoryNode => ({
    type: 'repository',
    id: `repository ${name}`,
    name,
    tags: tags.sort(newest),
  }));
  return repositories.sort((one, other) => {
    // Untagged images come last.
    if (one.name === untagged || other.name === untagged) return one.name === untagged ? 1 : -1;
    const [first, second] = [one.tags[0], other.tags[0]];
    return first === undefined || second === undefined ? 0 : newest(first, second) || compare(one.name, other.name);
  });
}

function labelOf(reference: string): string {
  const at = reference.indexOf('@');
  if (at >= 0) return `@${shortDigest(reference.slice(at + 1))}`;
  return reference.slice(withoutTagAndDigest(reference).length + 1) || 'latest';
}

/** The tag that the row of its repository stands for: the repository has no other, and so no rows below it. */
export function onlyTag({ tags: [first, ...others] }: RepositoryNode): TagNode | undefined {
  return others.length === 0 ? first : undefined;
}

/** The one tag that a row is: the row of a tag, or of a repository that has only one. */
export function tagOfRow(node: ImageNode): TagNode | undefined {
  return node.type === 'tag' ? node : onlyTag(node);
}

/** `app:1.2`, `app@1a2b3c4d5e6f`, `<none> 1a2b3c4d5e6f`: the tag with the name of its repository. */
export function nameOfOnlyTag({ name }: RepositoryNode, { label, reference }: TagNode): string {
  if (reference === undefined) return `${name} ${label}`;
  return isByDigest({ reference }) ? `${name}${label}` : `${name}:${label}`;
}

/** `3 tags`; `3 images` if they have no tags, or are known by their digests. */
export function describeTags({ name, tags }: RepositoryNode): string {
  return areCountedAsImages(name, tags) ? l10n.t`${tags.length} images` : l10n.t`${tags.length} tags`;
}

/** `Repository app, 2 tags, in use`: the row of several tags for a screen reader. */
export function repositoryAccessibleName(node: RepositoryNode): string {
  const { name, tags } = node;
  const what =
    name === untagged
      ? l10n.t`Images without a tag, ${tags.length}`
      : l10n.t`Repository ${name}, ${describeTags(node)}`;
  return joined([what, describeUseOfAll(tags)], ', ');
}

function areCountedAsImages(name: string, tags: readonly TagNode[]): boolean {
  return name === untagged || tags.some(isByDigest);
}

function isByDigest({ reference }: Pick<TagNode, 'reference'>): boolean {
  return reference?.includes('@') === true;
}

/** Whether containers use the images of a repository: `in use`, `in use (stopped)` or undefined. */
export function describeUseOfAll(tags: readonly TagNode[]): string | undefined {
  const used = tags.find(({ image }) => isRunning(image)) ?? tags.find(({ image }) => describeUse(image) !== undefined);
  return used && describeUse(used.image);
}

/** The `viewItem` of the menus in package.json. A repository with a single tag has the menu of that tag. */
export function contextValueOf(node: ImageNode): string {
  if (node.type === 'tag') return `image.${menuOf(node)}`;
  const only = onlyTag(node);
  if (only !== undefined) return `image.${menuOf(only)}`;
  return node.tags.every(({ image }) => image.obstacle !== undefined) ? 'repository.obstacle' : 'repository.several';
}

/** An image that is known by its digest has the menu of a tagged one: its reference can be copied, too. */
function menuOf({ reference, image }: TagNode): 'tagged' | 'untagged' | 'obstacle' {
  if (image.obstacle !== undefined) return 'obstacle';
  return reference === undefined ? 'untagged' : 'tagged';
}

/** The context key `teaChest.images`, which selects the view's welcome text. */
export function describeEmptiness(images: readonly EngineImage[]): 'some' | 'none' | 'onlyDangling' {
  if (images.length === 0) return 'none';
  return images.some(hasName) ? 'some' : 'onlyDangling';
}

function hasName({ references, digestReferences }: EngineImage): boolean {
  return references.length + digestReferences.length > 0;
}

/** By the time of the build; of images that reproducible builds stamp with 1970 or 1980, by the time of their tag. */
function newest(one: TagNode, other: TagNode): number {
  return compare(dateOf(other.image), dateOf(one.image)) || compare(one.label, other.label);
}

/** Empty if the image has no date: it comes after those that have one. */
export function dateOf({ createdAt, taggedAt }: EngineImage): string {
  return isBuildDate(createdAt) ? createdAt : (taggedAt ?? '');
}

function compare(one: string, other: string): number {
  if (one === other) return 0;
  return one < other ? -1 : 1;
}
