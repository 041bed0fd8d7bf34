import * as l10n from '@vscode/l10n';
import { planDeletion, type DeletionPlan, type DeletionTarget } from '../../core/gitea/browse/planDeletion.ts';
import { runDeletion } from '../../core/gitea/browse/runDeletion.ts';
import type { RegistryContents } from '../../core/gitea/browse/registryContents.ts';
import type { Digest } from '../../core/oci/digest.ts';
import type { Connection } from '../connections/connection.ts';
import { askModal } from '../display/messages.ts';
import { deletionQuestion } from './deletionText.ts';
import type { RegistryActionDependencies } from './registryAction.ts';

/** Milliseconds. */
const timeout = 120_000;

/**
 * Deletes a tag whose name the person has confirmed, in another extension. Asks if more than that is lost: an index that
 * needs it, or other tags where the registry deletes only digests. False if the person does not want that. Rejects if it
 * was not deleted.
 */
export async function deleteConfirmedTag(
  {
    access,
    registriesView,
    onTagsChanged,
  }: Pick<RegistryActionDependencies, 'access' | 'registriesView' | 'onTagsChanged'>,
  connection: Connection,
  { repository, tag }: { readonly repository: string; readonly tag: string },
): Promise<boolean> {
  const contents = await access.contents(connection);
  const plan = await planOf(contents, { kind: 'tag', repository, tag });
  if (plan.broken.length > 0 && !(await confirm(connection, plan))) return false;
  try {
    const refused = await run(contents, plan);
    if (refused === undefined) return true;
    const whole = await planOf(contents, { kind: 'digest', repository, digest: refused });
    if (!(await confirm(connection, whole))) return false;
    await run(contents, whole);
    return true;
  } finally {
    registriesView.update();
    onTagsChanged(connection);
  }
}

async function planOf(contents: RegistryContents, target: DeletionTarget): Promise<DeletionPlan> {
  return await planDeletion(contents, [target], { signal: AbortSignal.timeout(timeout) });
}

async function confirm({ host }: Connection, plan: DeletionPlan): Promise<boolean> {
  const { message, detail } = deletionQuestion(host, plan);
  return await askModal(message, detail, l10n.t('Delete'));
}

/** The digest of the tag if the registry deletes no tag alone. Throws what else went wrong. */
async function run(contents: RegistryContents, plan: DeletionPlan): Promise<Digest | undefined> {
  const results = await runDeletion(contents, plan, { signal: AbortSignal.timeout(timeout) });
  for (const { step, outcome } of results) {
    if (typeof outcome !== 'object') continue;
    if (step.kind === 'tag' && outcome.failure.facts['digestOnly'] === true) return step.digest;
    throw outcome.failure;
  }
  return undefined;
}
