import { isTag, parseImageReference } from '../oci/imageReference.ts';

/** Where an image is to go, as typed. */
export interface TargetParts {
  readonly owner: string;
  /** The image's name below the owner; may have several parts joined by `/`. */
  readonly name: string;
  readonly tag: string;
}

/** A part that the registry takes, in the form that it stores. `notice` tells what was changed, if a person should know. */
interface Accepted<T> {
  readonly ok: true;
  readonly value: T;
  readonly notice?: string;
}

/** A part that it refuses; `suggestion` is the nearest that it takes. */
interface Refused<T> {
  readonly ok: false;
  /** A whole sentence. */
  readonly why: string;
  readonly suggestion?: T;
}

export type Check<T> = Accepted<T> | Refused<T>;

/**
 * Checks all of a target by Gitea's grammar (docs/gitea.md §3; container.go `imageNamePattern` and `referencePattern`) before
 * anything moves. The first part that is refused is reported, with the whole target mended if that can be done: name and
 * tag only, since another owner is somebody else.
 */
export function checkTarget(parts: TargetParts, host: string): Check<TargetParts> {
  const owner = checkOwner(parts.owner);
  const name = checkImageName(parts.name);
  const tag = checkTag(parts.tag);
  if (owner.ok && name.ok && tag.ok) {
    const length = checkRepositoryLength(host, `${owner.value}/${name.value}`);
    if (!length.ok) return { ok: false, why: length.why };
    const notices = [owner.notice, tag.notice].filter((notice) => notice !== undefined);
    return {
      ok: true,
      value: { owner: owner.value, name: name.value, tag: tag.value },
      ...(notices.length === 0 ? {} : { notice: notices.join(' ') }),
    };
  }
  const why = [owner, name, tag].find((check) => !check.ok)?.why ?? '';
  const best = { owner: nearest(owner), name: nearest(name), tag: nearest(tag) };
  if (best.owner === undefined || best.name === undefined || best.tag === undefined) return { ok: false, why };
  return { ok: false, why, suggestion: { owner: best.owner, name: best.name, tag: best.tag } };
}

/** distribution/reference `NameTotalLengthMax`: docker and podman pull no image whose name is longer, host included. */
const longestRepository = 255;

/** A registry may store what nobody can pull: `host/owner/name` has a limit that no registry checks. */
export function checkRepositoryLength(host: string, repository: string): Check<string> {
  const { length } = `${host}/${repository}`;
  if (length <= longestRepository) return { ok: true, value: repository };
  return {
    ok: false,
    why:
      `The name “${host}/${repository.slice(0, 40)}…” is too long: ${length} characters, and an image reference has at ` +
      `most ${longestRepository} before its tag. Nobody could pull it.`,
  };
}

/**
 * User and organisation names: letters, digits, `-`, `_` and `.`; any case on Gitea, but lower case in references. There
 * is never a suggestion: another owner is somebody else.
 */
export function checkOwner(text: string): Check<string> {
  if (text === '') return { ok: false, why: 'The owner is missing: a user or an organization of the registry.' };
  const lower = text.toLowerCase();
  if (!/^[a-z0-9._-]+$/.test(lower)) {
    return {
      ok: false,
      why: `“${text}” cannot be an owner: only letters, digits and single . _ - between them are allowed.`,
    };
  }
  // Older servers and other hosts have such users: the name is right there, and no client can write it.
  if (/^[._-]|[._-]$|[._-]{2}/.test(lower)) {
    return {
      ok: false,
      why:
        `The owner “${text}” cannot be written in an image reference: there a name begins and ends with a letter or a ` +
        'digit, with single . _ or - between them. Images can be pushed to this owner only after it was renamed.',
    };
  }
  if (lower === text) return { ok: true, value: text };
  return { ok: true, value: lower, notice: `The owner is written “${lower}” in image references.` };
}

/** Parts of `[a-z0-9]+([._-][a-z0-9]+)*` joined by `/`: single separators only, unlike Docker Hub, which takes `a__b`. */
export function checkImageName(text: string): Check<string> {
  if (text === '') return { ok: false, why: 'The name of the image is missing.' };
  const mended = text
    .toLowerCase()
    .split('/')
    .map(mendSegment)
    .filter((segment) => segment !== '')
    .join('/');
  if (text === mended) return { ok: true, value: text };
  return refuseName(nameProblem(text), mended);
}

/** Tags as in the distribution spec; Gitea stores them in lower case. */
export function checkTag(text: string): Check<string> {
  if (text === '') return { ok: false, why: 'The tag is missing.', suggestion: 'latest' };
  if (!isTag(text)) {
    const mended = text
      .replace(/[^A-Za-z0-9._-]+/g, '-')
      .replace(/^[.-]+/, '')
      .slice(0, 128)
      .toLowerCase();
    const why =
      text.length > 128
        ? 'The tag is too long: at most 128 characters are allowed.'
        : `“${text}” cannot be a tag: letters, digits, . _ - are allowed, and it may not begin with . or -.`;
    return refuseName(why, mended);
  }
  // Gitea keeps the files of its unfinished uploads in a version of this name (packages/container/const.go).
  if (text.toLowerCase() === '_upload') {
    return { ok: false, why: 'The tag “_upload” is used by Gitea itself.', suggestion: 'upload' };
  }
  const lower = text.toLowerCase();
  if (lower === text) return { ok: true, value: text };
  return {
    ok: true,
    value: lower,
    notice: `Gitea stores tags in lower case: “${text}” becomes “${lower}”, and both are one and the same tag there.`,
  };
}

/**
 * Of some local images those whose own name is this one: a suggestion in place of `a--b` may be the name of another image,
 * which would be overwritten. Takes references as engines list them, with any registry and owner before the name.
 */
export function imagesNamed(name: string, images: readonly string[]): readonly string[] {
  return images.filter((image) => {
    try {
      return `/${parseImageReference(image).repository}`.endsWith(`/${name}`);
    } catch {
      return false; // an ID, or a name that no registry takes
    }
  });
}

function nameProblem(text: string): string {
  if (text !== text.toLowerCase()) return `“${text}” cannot be the name of an image: capital letters are not allowed.`;
  if (/(^|\/)(\/|$)/.test(text)) return `“${text}” cannot be the name of an image: a part of it is empty.`;
  const doubled = /[._-]{2,}/.exec(text)?.[0];
  if (doubled !== undefined) {
    return `“${text}” cannot be the name of an image on Gitea: only one . _ or - may stand between letters, not “${doubled}”.`;
  }
  if (/(?:^|\/)[._-]|[._-](?:\/|$)/.test(text)) {
    return `“${text}” cannot be the name of an image: each part begins and ends with a letter or a digit.`;
  }
  return `“${text}” cannot be the name of an image: only a-z, 0-9, . _ - and / are allowed.`;
}

/** The nearest name that the grammar takes; empty if nothing is left of it. */
function mendSegment(text: string): string {
  return text
    .replace(/[^a-z0-9._-]+/g, '-')
    .replace(/([._-])[._-]+/g, '$1')
    .replace(/^[._-]+|[._-]+$/g, '');
}

function refuseName(why: string, mended: string): Refused<string> {
  return mended === '' ? { ok: false, why } : { ok: false, why, suggestion: mended };
}

function nearest(check: Check<string>): string | undefined {
  return check.ok ? check.value : check.suggestion;
}
