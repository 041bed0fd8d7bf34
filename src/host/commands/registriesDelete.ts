import * as l10n from '@vscode/l10n';
import { joinSentences } from '../../core/base/joinSentences.ts';
import { planDeletion, type DeletionPlan, type DeletionTarget } from '../../core/gitea/browse/planDeletion.ts';
import { runDeletion, type DeletionResult } from '../../core/gitea/browse/runDeletion.ts';
import type { Connection } from '../connections/connection.ts';
import { askModal, showError, showInformation, showWarning } from '../display/messages.ts';
import type { RegistryNode } from '../views/registries/registryTree.ts';
import { deletionQuestion, deletionReport } from './deletionText.ts';
import { withRegistry, type RegistryActionDependencies } from './registryAction.ts';

/**
 * `teaChest.registries.delete`: deletes the chosen tags, digests and images after a confirmation that names them. Rows of
 * several registries are confirmed one registry after the other.
 */
export async function registriesDeleteCommand(
  dependencies: RegistryActionDependencies,
  nodes: readonly RegistryNode[],
): Promise<void> {
  const byOrigin = new Map<string, { readonly connection: Connection; readonly targets: DeletionTarget[] }>();
  for (const node of nodes) {
    const target = targetOf(node);
    if (target === undefined || !('connection' in node)) continue;
    const { connection } = node;
    const group = byOrigin.get(connection.origin) ?? { connection, targets: [] };
    group.targets.push(target);
    byOrigin.set(connection.origin, group);
  }
  for (const { connection, targets } of byOrigin.values()) await deleteIn(dependencies, connection, targets);
}

function targetOf(node: RegistryNode): DeletionTarget | undefined {
  if (node.type === 'tag') return { kind: 'tag', repository: node.repository, tag: node.tag };
  if (node.type === 'digest') return { kind: 'digest', repository: node.repository, digest: node.digest };
  // Other registries have no request that deletes a repository.
  if (node.type === 'image' && node.connection.kind !== 'generic')
    return { kind: 'image', repository: node.repository };
  return undefined;
}

async function deleteIn(
  dependencies: RegistryActionDependencies,
  connection: Connection,
  targets: readonly DeletionTarget[],
): Promise<void> {
  const title = l10n.t('Looking at what would be deleted');
  const plan = await withRegistry(dependencies, connection, title, ({ contents, signal }) =>
    planDeletion(contents, targets, { signal }),
  );
  if (plan === undefined) return;
  if (plan.steps.length === 0) {
    dependencies.registriesView.update();
    dependencies.onTagsChanged(connection);
    void showInformation(l10n.t('It was not there any more.'), []);
    return;
  }
  const { message, detail } = deletionQuestion(connection.host, plan);
  if (await askModal(message, detail, l10n.t('Delete'))) await run(dependencies, connection, plan);
}

async function run(
  dependencies: RegistryActionDependencies,
  connection: Connection,
  plan: DeletionPlan,
): Promise<void> {
  const title = l10n.t('Deleting');
  const results = await withRegistry(dependencies, connection, title, async ({ contents, signal, report }) => {
    let done = 0;
    return await runDeletion(contents, plan, { signal }, () => {
      report(l10n.t`${++done} of ${plan.steps.length}`);
    });
  });
  if (results === undefined) return;
  dependencies.registriesView.update();
  dependencies.onTagsChanged(connection);
  await showResults(dependencies, connection, results);
}

async function showResults(
  dependencies: RegistryActionDependencies,
  connection: Connection,
  results: readonly DeletionResult[],
): Promise<void> {
  const { message, failures, link } = deletionReport(results);
  const digests = results.flatMap(({ step, outcome }) => {
    const isRefused = typeof outcome === 'object' && outcome.failure.facts['digestOnly'] === true;
    return isRefused && step.kind === 'tag' ? [{ ...step, kind: 'digest' as const }] : [];
  });
  if (digests.length > 0) {
    const button = { title: l10n.t('Delete the Digest…') };
    if ((await showWarning(joinSentences(message, ...failures), [button], link)) !== button) return;
    await deleteIn(dependencies, connection, digests);
  } else if (failures.length > 0) void showError(joinSentences(message, ...failures), [], link);
  else void showInformation(message, []);
}
