import { TeaChestError } from '../../core/base/errors.ts';
import { readPastedTarget } from '../../core/gitea/readPastedTarget.ts';
import { shortDigest } from '../../core/oci/digest.ts';
import { formatImageReference, parseImageReference } from '../../core/oci/imageReference.ts';

/** A tag in a registry: `host[:port]/repository:tag`, in its parts. On Gitea the repository is `owner/name`. */
export interface Target {
  readonly host: string;
  readonly repository: string;
  readonly tag: string;
}

/** What of a target an image's own name proposes. */
export interface Proposal {
  readonly name: string | undefined;
  readonly tag: string;
}

export function formatTarget({ host, repository, tag }: Target): string {
  return `${host}/${repository}:${tag}`;
}

/**
 * The `target` argument, as written or pasted → its parts, with `latest` where it has no tag. Only its shape is checked.
 * `isHost` tells of hosts that are known: one without a dot or a port looks like an owner.
 * @throws TeaChestError `referenceInvalid`
 */
export function parseTarget(text: string, isHost?: (first: string) => boolean): Target {
  if (/:\/\/[^/]*@/.test(text)) {
    // The text is not repeated: a password would be on the screen.
    const why = 'The target has a user name or a password in it. Give it without them.';
    throw new TeaChestError('referenceInvalid', why, { stage: 'resolve' });
  }
  const { registry, repository, tag, digest } = parseImageReference(readPastedTarget(text), isHost);
  const refuse = (why: string): TeaChestError =>
    new TeaChestError(
      'referenceInvalid',
      `“${text}” is not a target to push to: ${why}. A target looks like gitea.example.com/owner/name:tag.`,
      { stage: 'resolve', facts: { reference: text } },
    );
  if (registry === undefined) throw refuse('it does not begin with a registry');
  if (digest !== undefined) throw refuse('a push goes to a tag, not to a digest');
  return { host: registry.toLowerCase(), repository, tag: tag ?? 'latest' };
}

/**
 * The name and tag that an image reference suggests: `docker.io/library/app:1` → `app`, `1`. An ID suggests no name, and
 * a digest no tag but `latest`. Below an `owner` a name is the last part of the path, or all that comes after that owner;
 * where there are no owners (undefined), the whole path.
 */
export function proposeTarget(image: string, owner: string | undefined): Proposal {
  if (isImageId(image)) return { name: undefined, tag: 'latest' };
  try {
    const { registry, repository, tag } = parseImageReference(image);
    const parts = repository.toLowerCase().split('/');
    // The hub's way to write an image without an owner.
    if (registry === 'docker.io' && parts[0] === 'library') parts.shift();
    const isOwners = parts.length > 1 && parts[0] === owner?.toLowerCase();
    const name = owner === undefined ? parts : parts.slice(isOwners ? 1 : -1);
    return { name: name.join('/'), tag: tag ?? 'latest' };
  } catch {
    return { name: undefined, tag: 'latest' };
  }
}

/** `app` → `app:latest`, as engines read it; IDs, digests and tagged references stay as they are. */
export function normalizeImage(image: string): string {
  if (isImageId(image)) return image;
  const reference = parseImageReference(image);
  if (reference.tag !== undefined || reference.digest !== undefined) return image;
  return formatImageReference({ ...reference, tag: 'latest' });
}

/** `sha256:…`, or its hex digits alone: 12 and more, as engines print and take them. */
export function isImageId(image: string): boolean {
  return /^sha256:[0-9a-f]{64}$/.test(image) || /^[0-9a-f]{12,64}$/.test(image);
}

/** An image as a title has room for it: an ID by its first 12 digits. */
export function briefImage(image: string): string {
  return isImageId(image) ? shortDigest(image) : image;
}
