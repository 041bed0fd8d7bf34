import { isTag } from '../oci/imageReference.ts';

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
 * anything moves. The first part that is refused is reported, with the whole target mended if that can be done.
 */
export function checkTarget(parts: TargetParts): Check<TargetParts> {
  const owner = checkOwner(parts.owner);
  const name = checkImageName(parts.name);
  const tag = checkTag(parts.tag);
  if (owner.ok && name.ok && tag.ok) {
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

/** User and organisation names: letters, digits, `-`, `_` and `.`; any case on Gitea, but lower case in references. */
export function checkOwner(text: string): Check<string> {
  if (text === '') return { ok: false, why: 'The owner is missing: a user or an organization of the registry.' };
  const lower = text.toLowerCase();
  if (!/^[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?$/.test(lower) || /[._-]{2}/.test(lower)) {
    return refuseName(
      `“${text}” cannot be an owner: only letters, digits and single . _ - between them are allowed.`,
      mendSegment(lower),
    );
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
