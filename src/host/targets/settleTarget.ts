import * as l10n from '@vscode/l10n';
import { joinSentences } from '../../core/base/joinSentences.ts';
import { TeaChestError } from '../../core/base/errors.ts';
import {
  checkImageName,
  checkOwner,
  checkRepositoryLength,
  checkTag,
  checkTarget,
  type Check,
} from '../../core/gitea/checkTarget.ts';
import { isTag } from '../../core/oci/imageReference.ts';
import type { Connection } from '../connections/connection.ts';
import type { Target } from './target.ts';

type Kind = Connection['kind'];

/** On Gitea and Forgejo every repository has an owner. Elsewhere a repository is a path. */
export function hasOwners(kind: Kind): boolean {
  return kind !== 'generic';
}

/**
 * Checks the target and returns it as the registry stores it: on Gitea with owner and tag in lower case.
 * @throws TeaChestError `nameInvalid` (facts: suggestion)
 */
export function settleTarget(target: Target, kind: Kind): Target {
  const { host, repository, tag } = target;
  if (!hasOwners(kind)) {
    unwrap(checkRepository(repository), host);
    unwrap(checkRepositoryLength(host, repository), host);
    unwrap(checkAnyTag(tag), host);
    return target;
  }
  const slash = repository.indexOf('/');
  if (slash < 0) {
    const why = l10n.t`“${repository}” lacks an owner: on ${host} an image is called owner/name.`;
    throw new TeaChestError('nameInvalid', why, { stage: 'resolve', facts: { host } });
  }
  const parts = { owner: repository.slice(0, slash), name: repository.slice(slash + 1), tag };
  const settled = unwrap(
    checkTarget(parts, host),
    host,
    ({ owner, name, tag: best }) => `${host}/${owner}/${name}:${best}`,
  );
  return { host, repository: `${settled.owner}/${settled.name}`, tag: settled.tag };
}

/** The validation message for a part of a target that a person types. */
export interface Verdict {
  /** Why it is not valid. */
  readonly problem?: string;
  /** What the registry changes in it. */
  readonly notice?: string;
}

export function judgeOwner(text: string): Verdict {
  return judge(checkOwner(text));
}

/** `warn`: a warning to add to a suggested name. */
export function judgeName(text: string, kind: Kind, warn?: (suggestion: string) => string | undefined): Verdict {
  if (text === '') return { problem: l10n.t('A name is needed.') };
  return judge(hasOwners(kind) ? checkImageName(text) : checkRepository(text), warn);
}

export function judgeTag(text: string, kind: Kind): Verdict {
  return judge(hasOwners(kind) ? checkTag(text) : checkAnyTag(text));
}

/** Distribution's grammar (reference/regexp.go). Unlike Gitea it accepts `__` and several `-` between letters. */
function checkRepository(text: string): Check<string> {
  const segment = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*$/;
  if (text.split('/').every((part) => segment.test(part))) return { ok: true, value: text };
  return {
    ok: false,
    why: l10n.t`“${text}” cannot be the name of a repository: a-z, 0-9 and / are allowed, with . _ - between letters.`,
  };
}

function checkAnyTag(text: string): Check<string> {
  if (isTag(text)) return { ok: true, value: text };
  return {
    ok: false,
    why: l10n.t`“${text}” cannot be a tag: letters, digits, . _ - are allowed, and it may not begin with . or -.`,
  };
}

function judge(check: Check<string>, warn?: (suggestion: string) => string | undefined): Verdict {
  if (check.ok) return check.notice === undefined ? {} : { notice: check.notice };
  const { why, suggestion } = check;
  if (suggestion === undefined) return { problem: why };
  const warning = warn?.(suggestion);
  return { problem: joinSentences(why, l10n.t`Try “${suggestion}”.`, warning) };
}

function unwrap<T>(check: Check<T>, host: string, format: (value: T) => string = String): T {
  if (check.ok) return check.value;
  const suggestion = check.suggestion === undefined ? undefined : format(check.suggestion);
  throw new TeaChestError(
    'nameInvalid',
    suggestion === undefined ? check.why : `${check.why} ${l10n.t`The nearest that works is “${suggestion}”.`}`,
    { stage: 'resolve', facts: suggestion === undefined ? { host } : { host, suggestion } },
  );
}
