import * as l10n from '@vscode/l10n';
import type { DeletionPlan, DeletionStep } from '../../core/gitea/browse/planDeletion.ts';
import type { DeletionResult } from '../../core/gitea/browse/runDeletion.ts';
import { shortDigest } from '../../core/oci/digest.ts';

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
      ? l10n.t`Delete ${describeStep(host, only)}?`
      : l10n.t`Delete ${steps.length} things from ${host}?`;
  const named = steps.length === 1 ? steps.flatMap(tagsOf) : steps.map((step) => describeStep('', step));
  const lost = broken.map(
    ({ repository, tag, lost: images }) =>
      l10n.t`${repository}:${tag} is an index that needs it: it can no longer be pulled for ${images.join(', ')}.`,
  );
  const absent = gone.length === 0 ? [] : [l10n.t`Not there any more: ${gone.join(', ')}.`];
  return { message, detail: [...named, ...lost, ...absent, l10n.t('This cannot be undone.')] };
}

/** `the tag host/dev/app:1 (abc…)`. Without a host for a list, where all have the same. */
function describeStep(host: string, step: DeletionStep): string {
  const name = host === '' ? step.repository : `${host}/${step.repository}`;
  switch (step.kind) {
    case 'image': {
      const { tags, untagged } = step;
      const versions = [
        count(tags.length, 'tag'),
        ...(untagged === 0 ? [] : [count(untagged, l10n.t('untagged version'))]),
      ];
      return l10n.t`the image ${name} with ${versions.join(' and ')}`;
    }
    case 'tag':
      return l10n.t`the tag ${name}:${step.tag} (${shortDigest(step.digest)})`;
    case 'version':
      return l10n.t`the version ${name}@${shortDigest(step.digest)}`;
    case 'manifest': {
      const { tags } = step;
      const also = tags.length === 0 ? '' : l10n.t` with its ${tags.length === 1 ? 'tag' : 'tags'} ${tags.join(', ')}`;
      return `${name}@${shortDigest(step.digest)}${also}`;
    }
  }
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
}

/** What was deleted, and what was not and why. */
export function deletionReport(results: readonly DeletionResult[]): DeletionReport {
  const failures = results.flatMap(({ step, outcome }) =>
    typeof outcome !== 'object'
      ? []
      : [results.length === 1 ? outcome.failure.message : `${describeStep('', step)}: ${outcome.failure.message}`],
  );
  const [first] = results;
  const gone = results.filter(({ outcome }) => outcome === 'gone').length;
  const deleted = results.length - failures.length - gone;
  const what =
    results.length === 1 && first !== undefined
      ? describeStep('', first.step)
      : l10n.t`${deleted} of ${results.length}`;
  const absent =
    gone === 0
      ? ''
      : results.length === 1
        ? l10n.t(' It was not there any more.')
        : l10n.t` ${gone} were not there any more.`;
  return { message: `${deleted === 0 ? l10n.t('Not deleted') : 'Deleted'}: ${what}.${absent}`, failures };
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? '' : 's'}`;
}
