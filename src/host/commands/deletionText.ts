import * as l10n from '@vscode/l10n';
import { joinSentences } from '../../core/base/joinSentences.ts';
import type { DeletionPlan, DeletionStep } from '../../core/gitea/browse/planDeletion.ts';
import type { DeletionResult } from '../../core/gitea/browse/runDeletion.ts';
import { shortDigest } from '../../core/oci/digest.ts';
import type { MessageLink } from '../display/messages.ts';
import { moreAbout } from '../errors/moreAbout.ts';

export interface DeletionQuestion {
  readonly message: string;
  readonly detail: readonly string[];
}

/** Names everything that is deleted, and what no longer works afterwards. */
export function deletionQuestion(host: string, plan: DeletionPlan): DeletionQuestion {
  const { steps, broken, gone } = plan;
  const [only] = steps;
  const message =
    steps.length === 1 && only !== undefined
      ? questionOf(host, only)
      : l10n.t`Delete ${steps.length} things from ${host}?`;
  const named = steps.length === 1 ? steps.flatMap(tagsOf) : steps.map(describeStep);
  const lost = broken.map(
    ({ repository, tag, lost: images }) =>
      l10n.t`${repository}:${tag} is an index that needs it: it can no longer be pulled for ${images.join(', ')}.`,
  );
  const absent = gone.length === 0 ? [] : [l10n.t`Not there any more: ${gone.join(', ')}.`];
  return { message, detail: [...named, ...lost, ...absent, l10n.t('This cannot be undone.')] };
}

function questionOf(host: string, step: DeletionStep): string {
  const name = `${host}/${step.repository}`;
  switch (step.kind) {
    case 'image':
      return l10n.t`Delete the image ${name} (${versionsOf(step)})?`;
    case 'tag':
      return l10n.t`Delete the tag ${name}:${step.tag} (${shortDigest(step.digest)})?`;
    case 'version':
      return l10n.t`Delete the version ${name}@${shortDigest(step.digest)}?`;
    case 'manifest': {
      const reference = `${name}@${shortDigest(step.digest)}`;
      const { tags } = step;
      const [first, ...others] = tags;
      if (first === undefined) return l10n.t`Delete ${reference}?`;
      return others.length === 0
        ? l10n.t`Delete ${reference} with its tag ${first}?`
        : l10n.t`Delete ${reference} with its tags ${tags.join(', ')}?`;
    }
  }
}

/** For a list: `the tag dev/app:1 (abc…)`. Without the host, which is the same for all. */
function describeStep(step: DeletionStep): string {
  const { repository } = step;
  switch (step.kind) {
    case 'image':
      return l10n.t`the image ${repository} (${versionsOf(step)})`;
    case 'tag':
      return l10n.t`the tag ${repository}:${step.tag} (${shortDigest(step.digest)})`;
    case 'version':
      return l10n.t`the version ${repository}@${shortDigest(step.digest)}`;
    case 'manifest': {
      const reference = `${repository}@${shortDigest(step.digest)}`;
      const { tags } = step;
      const [first, ...others] = tags;
      if (first === undefined) return reference;
      return others.length === 0
        ? l10n.t`${reference} with its tag ${first}`
        : l10n.t`${reference} with its tags ${tags.join(', ')}`;
    }
  }
}

/** `3 tags, 1 untagged version`. */
function versionsOf({ tags, untagged }: Extract<DeletionStep, { kind: 'image' }>): string {
  const tagged = tags.length === 1 ? l10n.t('1 tag') : l10n.t`${tags.length} tags`;
  if (untagged === 0) return tagged;
  const others = untagged === 1 ? l10n.t('1 untagged version') : l10n.t`${untagged} untagged versions`;
  return `${tagged}, ${others}`;
}

/** Tags that are deleted as a part of one step, a line each fifty. */
function tagsOf(step: DeletionStep): readonly string[] {
  if (step.kind !== 'image' || step.tags.length === 0) return [];
  const lines: string[] = [];
  for (let at = 0; at < step.tags.length; at += 50) lines.push(step.tags.slice(at, at + 50).join(', '));
  return [l10n.t('Its tags:'), ...lines];
}

export interface DeletionReport {
  readonly message: string;
  readonly failures: readonly string[];
  /** To what helps against the failures. */
  readonly link: MessageLink | undefined;
}

/** What was deleted, and what was not and why. */
export function deletionReport(results: readonly DeletionResult[]): DeletionReport {
  const failures = results.flatMap(({ step, outcome }) =>
    typeof outcome !== 'object'
      ? []
      : [results.length === 1 ? outcome.failure.message : `${describeStep(step)}: ${outcome.failure.message}`],
  );
  const codes = results.flatMap(({ outcome }) => (typeof outcome === 'object' ? [outcome.failure.code] : []));
  const link = moreAbout(codes);
  const [first] = results;
  const gone = results.filter(({ outcome }) => outcome === 'gone').length;
  const deleted = results.length - failures.length - gone;
  if (results.length !== 1 || first === undefined) {
    const message = l10n.t`Deleted: ${deleted} of ${results.length}.`;
    return { message: gone === 0 ? message : joinSentences(message, goneSentence(gone)), failures, link };
  }
  const what = describeStep(first.step);
  const isInPart = typeof first.outcome === 'object' && first.outcome.failure.facts['inPart'] === true;
  const none = isInPart ? l10n.t`Deleted in part: ${what}.` : l10n.t`Not deleted: ${what}.`;
  const message = deleted === 0 ? none : l10n.t`Deleted: ${what}.`;
  return {
    message: gone === 0 ? message : joinSentences(message, l10n.t('It was not there any more.')),
    failures,
    link,
  };
}

/** Of several. */
function goneSentence(count: number): string {
  return count === 1
    ? l10n.t({ message: '1 was not there any more.', comment: 'A tag, a version or an image.' })
    : l10n.t`${count} were not there any more.`;
}
