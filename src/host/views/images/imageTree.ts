import type { EngineImage } from '../../../core/docker/types.ts';
import { shortDigest } from '../../../core/oci/digest.ts';

export type ImageNode = RepositoryNode | TagNode;

/** All tags of one repository, newest first. */
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
  /** `1.2`, or the short ID of an untagged image. */
  readonly label: string;
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
  const add = (name: string, tag: TagNode): void => {
    const tags = byRepository.get(name);
    if (tags === undefined) byRepository.set(name, [tag]);
    else tags.push(tag);
  };
  for (const image of images) {
    for (const reference of image.references) {
      const [name, label] = splitTag(reference);
      add(name, { type: 'tag', id: `tag ${reference}`, label, reference, image });
    }
    if (image.references.length === 0 && options.showDangling) {
      const label = shortDigest(image.id);
      add(untagged, { type: 'tag', id: `image ${image.id}`, label, reference: undefined, image });
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

/** `3 tags`, or a single tag as `:2`. Untagged: `3 images`, or the ID of a single image. */
export function describeTags({ name, tags: [first, ...others] }: RepositoryNode): string {
  if (first === undefined) return '';
  if (others.length > 0) return `${others.length + 1} ${name === untagged ? 'images' : 'tags'}`;
  return first.reference === undefined ? first.label : `:${first.label}`;
}

/** `Repository app, 1 tag`: the row for a screen reader. */
export function repositoryAccessibleName({ name, tags }: RepositoryNode): string {
  if (name === untagged) return `Images without a tag, ${tags.length}`;
  return `Repository ${name}, ${tags.length === 1 ? '1 tag' : `${tags.length} tags`}`;
}

/** The `viewItem` of the menus in package.json. A repository with a single image has the menu of that image. */
export function contextValueOf(node: ImageNode): string {
  if (node.type === 'tag') return node.reference === undefined ? 'image.untagged' : 'image.tagged';
  const [first, ...others] = node.tags;
  if (first === undefined || others.length > 0) return 'repository.several';
  return first.reference === undefined ? 'repository.untagged' : 'repository.tagged';
}

/** The context key `teaChest.images`, which selects the view's welcome text. */
export function describeEmptiness(images: readonly EngineImage[]): 'some' | 'none' | 'onlyDangling' {
  if (images.length === 0) return 'none';
  return images.some((image) => image.references.length > 0) ? 'some' : 'onlyDangling';
}

function newest(one: TagNode, other: TagNode): number {
  return compare(other.image.createdAt, one.image.createdAt) || compare(one.label, other.label);
}

function compare(one: string, other: string): number {
  if (one === other) return 0;
  return one < other ? -1 : 1;
}

function splitTag(reference: string): readonly [string, string] {
  const colon = reference.lastIndexOf(':');
  // A colon before the last slash is a port: `localhost:5000/app`.
  if (colon < reference.lastIndexOf('/')) return [reference, 'latest'];
  return [reference.slice(0, colon), reference.slice(colon + 1)];
}
