import * as l10n from '@vscode/l10n';
import { isCancelled, TeaChestError, toTeaChestError } from '../../base/errors.ts';
import type { DeleteOutcome } from '../../registry/manifests/deleteManifest.ts';
import { allRows } from '../packagesApi.ts';
import type { DeletionStep } from './planDeletion.ts';
import { packageOf, type BrowseCall, type RegistryContents } from './registryContents.ts';

export interface DeletionResult {
  readonly step: DeletionStep;
  readonly outcome: DeleteOutcome | { readonly failure: TeaChestError };
}

/**
 * Deletes step by step, and goes on after a failure. Before each step it looks whether it still deletes what was confirmed.
 * After a cancel the remaining steps fail with `cancelled`.
 */
export async function runDeletion(
  contents: RegistryContents,
  steps: readonly DeletionStep[],
  call: BrowseCall,
  onDone: (result: DeletionResult) => void = () => undefined,
): Promise<readonly DeletionResult[]> {
  const results: DeletionResult[] = [];
  for (const step of steps) {
    let outcome: DeletionResult['outcome'];
    try {
      outcome = await runStep(contents, step, call);
    } catch (error) {
      const cancelled = isCancelled(error) || call.signal.aborted;
      outcome = {
        failure: cancelled ? new TeaChestError('cancelled', l10n.t('Cancelled.')) : toTeaChestError(error, 'browse'),
      };
    }
    const result = { step, outcome };
    results.push(result);
    onDone(result);
  }
  return results;
}

async function runStep(contents: RegistryContents, step: DeletionStep, call: BrowseCall): Promise<DeleteOutcome> {
  const { repository: name } = step;
  if (step.kind === 'image') return deleteImage(contents, name, call);
  if (step.kind === 'version') {
    return contents.packages === undefined
      ? 'gone'
      : contents.packages.deleteVersion(packageOf({ repository: name }), step.digest, call);
  }
  const repository = await contents.open(name, call);
  if (step.kind === 'tag') {
    const now = await repository.headManifest(step.tag, call);
    if (now === undefined) return 'gone';
    if (now.digest !== step.digest) throw pushedAgain(contents, `${name}:${step.tag}`);
    return repository.deleteManifest(step.tag, call);
  }
  const tags = new Set(step.tags);
  for await (const page of repository.tagPages(call)) {
    for (const tag of page) {
      if (tags.has(tag)) continue;
      if ((await repository.headManifest(tag, call))?.digest === step.digest) throw newTag(contents, name, tag);
    }
  }
  return repository.deleteManifest(step.digest, call);
}

/** In one request, or, where the registry has none for that, version by version: tags first, so that no index is broken. */
async function deleteImage(contents: RegistryContents, repository: string, call: BrowseCall): Promise<DeleteOutcome> {
  const { packages } = contents;
  if (packages === undefined) throw new TeaChestError('deleteUnsupported', l10n.t`${contents.host} has no packages.`);
  const id = packageOf({ repository });
  if ((await packages.deletePackage(id, call)) === 'deleted') return 'deleted';
  const versions = (await allRows(packages.versionsOf(id, call))).filter(({ usable }) => usable);
  const isTag = ({ version }: { readonly version: string }): boolean => !version.includes(':');
  const ordered = [...versions.filter(isTag), ...versions.filter((row) => !isTag(row))];
  for (const { version } of ordered) await packages.deleteVersion(id, version, call);
  return versions.length === 0 ? 'gone' : 'deleted';
}

function pushedAgain({ host }: RegistryContents, reference: string): TeaChestError {
  return new TeaChestError(
    'changedMeanwhile',
    l10n.t`${host}/${reference} was pushed again after you confirmed, so it was kept.`,
    { facts: { host } },
  );
}

function newTag({ host }: RegistryContents, name: string, tag: string): TeaChestError {
  return new TeaChestError(
    'changedMeanwhile',
    l10n.t`${host}/${name} has another tag “${tag}” of the same digest, which would be deleted as well; so nothing was.`,
    { facts: { host } },
  );
}
