import * as l10n from '@vscode/l10n';
import { joinSentences } from '../base/joinSentences.ts';
import { isTag, parseImageReference } from '../oci/imageReference.ts';

/** The target of a push, as typed. */
export interface TargetParts {
  readonly owner: string;
  /** The image's name without the owner; may have several segments. */
  readonly name: string;
  readonly tag: string;
}

/** A valid part, in the form that the registry stores. `notice`: what was changed, if a person should know. */
interface Accepted<T> {
  readonly ok: true;
  readonly value: T;
  readonly notice?: string;
}

/** An invalid part; `suggestion` is the nearest valid one. */
interface Refused<T> {
  readonly ok: false;
  /** A whole sentence. */
  readonly why: string;
  readonly suggestion?: T;
}

export type Check<T> = Accepted<T> | Refused<T>;

/**
 * Checks a target by Gitea's grammar (docs/gitea.md §3; container.go `imageNamePattern` and `referencePattern`) before a
 * push. Reports the first invalid part. The suggestion corrects name and tag, never the owner: another owner is another
 * person.
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
      ...(notices.length === 0 ? {} : { notice: joinSentences(...notices) }),
    };
  }
  const why = [owner, name, tag].find((check) => !check.ok)?.why ?? '';
  const best = { owner: nearest(owner), name: nearest(name), tag: nearest(tag) };
  if (best.owner === undefined || best.name === undefined || best.tag === undefined) return { ok: false, why };
  return { ok: false, why, suggestion: { owner: best.owner, name: best.name, tag: best.tag } };
}

/** distribution/reference `NameTotalLengthMax`: docker and podman pull no image with a longer name, host included. */
const longestRepository = 255;

/** `host/owner/name` has a limit that no registry checks: an image beyond it cannot be pulled. */
export function checkRepositoryLength(host: string, repository: string): Check<string> {
  const { length } = `${host}/${repository}`;
  if (length <= longestRepository) return { ok: true, value: repository };
  return {
    ok: false,
    why: l10n.t`The name “${host}/${repository.slice(0, 40)}…” is too long: ${length} characters, and an image reference has at most ${longestRepository} before its tag. Nobody could pull it.`,
  };
}

/**
 * User and organisation names: letters, digits, `-`, `_` and `.`; any case on Gitea, but lower case in references. Never has
 * a suggestion: another owner is another person.
 */
export function checkOwner(text: string): Check<string> {
  if (text === '')
    return { ok: false, why: l10n.t('The owner is missing: a user or an organization of the registry.') };
  const lower = text.toLowerCase();
  if (!/^[a-z0-9._-]+$/.test(lower)) {
    return {
      ok: false,
      why: l10n.t`“${text}” cannot be an owner: only letters, digits and single . _ - between them are allowed.`,
    };
  }
  // Older servers have such users, but no client can write the name in a reference.
  if (/^[._-]|[._-]$|[._-]{2}/.test(lower)) {
    return {
      ok: false,
      why: l10n.t`The owner “${text}” cannot be written in an image reference: there a name begins and ends with a letter or a digit, with single . _ or - between them. Images can be pushed to this owner only after it was renamed.`,
    };
  }
  if (lower === text) return { ok: true, value: text };
  return { ok: true, value: lower, notice: l10n.t`The owner is written “${lower}” in image references.` };
}

/** Segments of `[a-z0-9]+([._-][a-z0-9]+)*`, joined by `/`: no double separators, unlike Docker Hub, which allows `a__b`. */
export function checkImageName(text: string): Check<string> {
  if (text === '') return { ok: false, why: l10n.t('The name of the image is missing.') };
  const corrected = text
    .toLowerCase()
    .split('/')
    .map(correctSegment)
    .filter((segment) => segment !== '')
    .join('/');
  if (text === corrected) return { ok: true, value: text };
  return refused(nameProblem(text), corrected);
}

/** Tags as in the distribution spec; Gitea stores them in lower case. */
export function checkTag(text: string): Check<string> {
  if (text === '') return { ok: false, why: l10n.t('The tag is missing.'), suggestion: 'latest' };
  if (!isTag(text)) {
    const corrected = text
      .replace(/[^A-Za-z0-9._-]+/g, '-')
      .replace(/^[.-]+/, '')
      .slice(0, 128)
      .toLowerCase();
    const why =
      text.length > 128
        ? l10n.t('The tag is too long: at most 128 characters are allowed.')
        : l10n.t`“${text}” cannot be a tag: letters, digits, . _ - are allowed, and it may not begin with . or -.`;
    return refused(why, corrected);
  }
  // Gitea keeps the files of unfinished uploads in a version of this name (packages/container/const.go).
  if (text.toLowerCase() === '_upload') {
    return { ok: false, why: l10n.t('The tag “_upload” is used by Gitea itself.'), suggestion: 'upload' };
  }
  const lower = text.toLowerCase();
  if (lower === text) return { ok: true, value: text };
  return {
    ok: true,
    value: lower,
    notice: l10n.t`Gitea stores tags in lower case: “${text}” becomes “${lower}”, and both are one and the same tag there.`,
  };
}

/**
 * Those of the local images that have this name, with any registry and owner: a suggestion for `a--b` may be the name of
 * another image, which would be overwritten. `images`: references, as engines list them.
 */
export function imagesNamed(name: string, images: readonly string[]): readonly string[] {
  return images.filter((image) => {
    try {
      return `/${parseImageReference(image).repository}`.endsWith(`/${name}`);
    } catch {
      return false; // an ID, or a name that no registry allows
    }
  });
}

function nameProblem(text: string): string {
  if (text !== text.toLowerCase())
    return l10n.t`“${text}” cannot be the name of an image: capital letters are not allowed.`;
  if (/(^|\/)(\/|$)/.test(text)) return l10n.t`“${text}” cannot be the name of an image: a part of it is empty.`;
  const doubled = /[._-]{2,}/.exec(text)?.[0];
  if (doubled !== undefined) {
    return l10n.t`“${text}” cannot be the name of an image on Gitea: only one . _ or - may stand between letters, not “${doubled}”.`;
  }
  if (/(?:^|\/)[._-]|[._-](?:\/|$)/.test(text)) {
    return l10n.t`“${text}” cannot be the name of an image: each part begins and ends with a letter or a digit.`;
  }
  return l10n.t`“${text}” cannot be the name of an image: only a-z, 0-9, . _ - and / are allowed.`;
}

/** The nearest valid segment; empty if nothing is left. */
function correctSegment(text: string): string {
  return text
    .replace(/[^a-z0-9._-]+/g, '-')
    .replace(/([._-])[._-]+/g, '$1')
    .replace(/^[._-]+|[._-]+$/g, '');
}

function refused(why: string, corrected: string): Refused<string> {
  return corrected === '' ? { ok: false, why } : { ok: false, why, suggestion: corrected };
}

function nearest(check: Check<string>): string | undefined {
  return check.ok ? check.value : check.suggestion;
}
