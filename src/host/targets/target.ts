import * as l10n from '@vscode/l10n';
import { joinSentences } from '../../core/base/joinSentences.ts';
import { TeaChestError } from '../../core/base/errors.ts';
import { readPastedTarget } from '../../core/gitea/readPastedTarget.ts';
import { shortDigest } from '../../core/oci/digest.ts';
import { formatImageReference, parseImageReference } from '../../core/oci/imageReference.ts';
import type { Connection } from '../connections/connection.ts';

/** A tag in a registry: `host[:port]/repository:tag`, in its parts. On Gitea the repository is `owner/name`. */
export interface Target {
  readonly host: string;
  readonly repository: string;
  readonly tag: string;
}

/** A target in a registry that the person is signed in to. */
export interface Destination {
  readonly connection: Connection;
  readonly target: Target;
}

/** The parts of a target that an image's own name suggests. */
export interface Proposal {
  readonly name: string | undefined;
  readonly tag: string | undefined;
}

export function formatTarget({ host, repository, tag }: Target): string {
  return `${host}/${repository}:${tag}`;
}

/**
 * Splits a target as typed or pasted into its parts. The tag defaults to `latest`. Only the syntax is checked.
 * `isHost`: true for the host of a known registry. A host without a dot or a port looks like an owner otherwise.
 * @throws TeaChestError `referenceInvalid`
 */
export function parseTarget(text: string, isHost?: (first: string) => boolean): Target {
  if (/:\/\/[^/]*@/.test(text)) {
    // The message must not quote the text: it would show a password.
    const why = l10n.t('The target has a user name or a password in it. Give it without them.');
    throw new TeaChestError('referenceInvalid', why, { stage: 'resolve' });
  }
  const { registry, repository, tag, digest } = parseImageReference(readPastedTarget(text), isHost);
  const refuse = (why: string): TeaChestError =>
    new TeaChestError(
      'referenceInvalid',
      joinSentences(why, l10n.t('A target looks like gitea.example.com/owner/name:tag.')),
      { stage: 'resolve', facts: { reference: text } },
    );
  if (registry === undefined) {
    throw refuse(l10n.t`“${text}” is not a target to push to: it does not begin with a registry.`);
  }
  if (digest !== undefined) {
    throw refuse(l10n.t`“${text}” is not a target to push to: a push goes to a tag, not to a digest.`);
  }
  return { host: registry.toLowerCase(), repository, tag: tag ?? 'latest' };
}

/**
 * The name and tag that an image reference suggests: `docker.io/library/app:1` → `app`, `1`. An ID suggests the tag
 * `latest` and no name, a digest a name and no tag: `latest` may be a newer image of that name. The name is the whole path, as
 * `docker tag` and `docker push` keep it: `shop/web` and `blog/web` stay two names. With an `owner`, the path has no owner of
 * its own any more: neither this one, nor that of another registry.
 */
export function proposeTarget(image: string, owner: string | undefined): Proposal {
  if (isImageId(image)) return { name: undefined, tag: 'latest' };
  try {
    const { registry, repository, tag, digest } = parseImageReference(image);
    const parts = repository.toLowerCase().split('/');
    // Docker Hub's official images have no owner: `library` stands in for it.
    if (registry === 'docker.io' && parts[0] === 'library') parts.shift();
    const hasOwner = parts[0] === owner?.toLowerCase() || isOtherRegistry(registry);
    const name = owner !== undefined && parts.length > 1 && hasOwner ? parts.slice(1) : parts;
    return { name: name.join('/'), tag: tag ?? (digest === undefined ? 'latest' : undefined) };
  } catch {
    return { name: undefined, tag: 'latest' };
  }
}

/** The first part of an image's name, where it may be an owner: `shop` of `shop/web:1.0`. */
export function ownerInName(image: string): string | undefined {
  if (isImageId(image)) return undefined;
  try {
    const { registry, repository } = parseImageReference(image);
    const [first = '', ...others] = repository.toLowerCase().split('/');
    return others.length === 0 || isOtherRegistry(registry) ? undefined : first;
  } catch {
    return undefined;
  }
}

/** Engines put `docker.io` before names without a registry, podman `localhost` before those of its own builds. */
function isOtherRegistry(registry: string | undefined): boolean {
  return registry !== undefined && registry !== 'docker.io' && registry !== 'localhost';
}

/** `app` → `app:latest`, as engines do. IDs, digests and references with a tag stay unchanged. */
export function normalizeImage(image: string): string {
  if (isImageId(image)) return image;
  const reference = parseImageReference(image);
  if (reference.tag !== undefined || reference.digest !== undefined) return image;
  return formatImageReference({ ...reference, tag: 'latest' });
}

/** The image as a person typed it, normalized. Undefined if it is no valid reference. */
export function parseTypedImage(text: string): string | undefined {
  try {
    return normalizeImage(text.trim());
  } catch {
    return undefined;
  }
}

/** `sha256:…`, or 12 and more of its hex digits, as engines print and accept them. */
export function isImageId(image: string): boolean {
  return /^sha256:[0-9a-f]{64}$/.test(image) || /^[0-9a-f]{12,64}$/.test(image);
}

/** True for `1a2b3c4`: engines read it as a name first, but it may be the beginning of an ID. */
export function mayBeShortId(text: string): boolean {
  return /^[0-9a-f]{1,11}$/.test(text);
}

/** The image for a title: an ID is cut to its first 12 digits. */
export function briefImage(image: string): string {
  return isImageId(image) ? shortDigest(image) : image;
}
