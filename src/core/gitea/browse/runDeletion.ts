import * as l10n from '@vscode/l10n';
import { isCancelled, TeaChestError, toTeaChestError } from '../../base/errors.ts';
import { shortDigest, type Digest } from '../../oci/digest.ts';
import type { DeleteOutcome } from '../../registry/manifests/deleteManifest.ts';
import { deleteImage } from './deleteImage.ts';
import { lookAgain, type SeenVersions } from './lookAgain.ts';
import type { ConfirmedDeletion, DeletionStep } from './planDeletion.ts';
import { packageOf, type BrowseCall, type RegistryContents } from './registryContents.ts';

export interface DeletionResult {
  readonly step: DeletionStep;
  readonly outcome: DeleteOutcome | { readonly failure: TeaChestError };
}

/**
 * Deletes step by step, and goes on after a failure. Before each step it looks whether it still deletes what was confirmed,
 * and whether an index came that needs it. After a cancel the remaining steps fail with `cancelled`.
 */
export async function runDeletion(
  contents: RegistryContents,
  { steps, versions }: ConfirmedDeletion,
  call: BrowseCall,
  onDone: (result: DeletionResult) => void = () => undefined,
): Promise<readonly DeletionResult[]> {
  const results: DeletionResult[] = [];
  const seen = new Map<string, SeenVersions>();
  for (const step of steps) {
    let outcome: DeletionResult['outcome'];
    try {
      const { repository } = step;
      const confirmed = versions.get(repository) ?? new Set();
      if (step.kind === 'image') outcome = await deleteImage(contents, { repository, confirmed }, call);
      else {
        const before = seen.get(repository) ?? { versions: confirmed, needed: new Map() };
        const now = await lookAgain(contents, repository, before, call);
        seen.set(repository, now);
        outcome = await runStep(contents, step, now, call);
      }
    } catch (error) {
      outcome = { failure: failureOf(error, call) };
    }
    const result = { step, outcome };
    results.push(result);
    onDone(result);
  }
  return results;
}

/** What an image has lost already is said also after a cancel. */
function failureOf(error: unknown, { signal }: BrowseCall): TeaChestError {
  const failure = toTeaChestError(error, 'browse');
  if (failure.facts['inPart'] === true || !(isCancelled(error) || signal.aborted)) return failure;
  return new TeaChestError('cancelled', l10n.t('Cancelled.'));
}

async function runStep(
  contents: RegistryContents,
  step: Exclude<DeletionStep, { kind: 'image' }>,
  { needed }: SeenVersions,
  call: BrowseCall,
): Promise<DeleteOutcome> {
  const { repository: name, digest } = step;
  const index = needed.get(digest);
  if (index !== undefined) throw newIndex(contents, step, index);
  if (step.kind === 'version') {
    return contents.packages === undefined
      ? 'gone'
      : contents.packages.deleteVersion(packageOf({ repository: name }), digest, call);
  }
  const repository = await contents.open(name, call);
  if (step.kind === 'tag') {
    const now = await repository.headManifest(step.tag, call);
    if (now === undefined) return 'gone';
    if (now.digest !== digest) throw pushedAgain(contents, `${name}:${step.tag}`);
    return repository.deleteManifest(step.tag, call);
  }
  const tags = new Set(step.tags);
  for await (const page of repository.tagPages(call)) {
    for (const tag of page) {
      if (tags.has(tag)) continue;
      if ((await repository.headManifest(tag, call))?.digest === digest) throw newTag(contents, name, tag);
    }
  }
  return repository.deleteManifest(digest, call);
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

function newIndex(
  { host }: RegistryContents,
  { repository, digest }: { readonly repository: string; readonly digest: Digest },
  tag: string,
): TeaChestError {
  return new TeaChestError(
    'changedMeanwhile',
    l10n.t`${host}/${repository} has a new tag “${tag}” since you confirmed, an index that needs ${shortDigest(digest)}; so that was kept.`,
    { facts: { host } },
  );
}
