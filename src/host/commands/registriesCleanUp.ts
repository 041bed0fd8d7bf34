import * as l10n from '@vscode/l10n';
import { joinSentences } from '../../core/base/joinSentences.ts';
import { planCleanUp, type CleanUpPlan, type UnneededVersion } from '../../core/gitea/browse/planCleanUp.ts';
import { runDeletion } from '../../core/gitea/browse/runDeletion.ts';
import { shortDigest } from '../../core/oci/digest.ts';
import { askModal, showError, showInformation } from '../display/messages.ts';
import { pickSeveral } from '../input/prompts.ts';
import { formatAge, formatBytes } from '../progress/format.ts';
import type { ImageNode, RegistryNode, UntaggedNode } from '../views/registries/registryTree.ts';
import { deletionReport } from './deletionText.ts';
import { withRegistry, type RegistryActionDependencies } from './registryAction.ts';

/** `teaChest.registries.cleanUp`: shows the versions of an image that no tag needs, and deletes those that are chosen. */
export async function registriesCleanUpCommand(
  dependencies: RegistryActionDependencies,
  node: RegistryNode | undefined,
): Promise<void> {
  if ((node?.type !== 'image' && node?.type !== 'untagged') || node.connection.kind === 'generic') return;
  const plan = await look(dependencies, node);
  if (plan === undefined) return;
  const name = `${node.connection.host}/${node.repository}`;
  const kept = keptSentences(plan);
  if (plan.unneeded.length === 0) {
    const nothing = l10n.t`${name} has nothing to clean up: every old version is needed by a tag.`;
    void showInformation(joinSentences(nothing, ...kept), []);
    return;
  }
  const title = l10n.t`Clean Up ${name}: Preview`;
  const placeholder = l10n.t('No tag needs these. Choose what is deleted');
  const chosen = await pickSeveral(plan.unneeded.map(choiceOf), { title, placeholder });
  if (chosen === undefined || chosen.length === 0) return;
  const detail = [
    chosen.map(({ digest }) => shortDigest(digest)).join(', '),
    ...kept,
    l10n.t('Whoever pulls one of them by its digest cannot do so any more. This cannot be undone.'),
  ];
  const message =
    chosen.length === 1
      ? l10n.t`Delete 1 untagged version of ${name}?`
      : l10n.t`Delete ${chosen.length} untagged versions of ${name}?`;
  if (await askModal(message, detail, l10n.t('Delete'))) await remove(dependencies, node, chosen);
}

async function look(
  dependencies: RegistryActionDependencies,
  { connection, repository }: ImageNode | UntaggedNode,
): Promise<CleanUpPlan | undefined> {
  const title = l10n.t`Looking at the tags of ${connection.host}/${repository}`;
  return await withRegistry(dependencies, connection, title, ({ contents, signal, report }) => {
    const onRead = (done: number, total: number): void => {
      report(l10n.t`${done} of ${total}`);
    };
    return planCleanUp(contents, repository, { signal }, { now: Date.now(), onRead });
  });
}

function choiceOf(version: UnneededVersion): { label: string; description: string; value: UnneededVersion } {
  const { digest, createdAt, size, kind } = version;
  const facts = [
    kind === 'index'
      ? l10n.t({ message: 'index', comment: 'An OCI image index: one reference for several platforms.' })
      : '',
    size === undefined ? '' : formatBytes(size),
    formatAge(createdAt, Date.now()),
  ];
  return { label: shortDigest(digest), description: facts.filter((fact) => fact !== '').join(' · '), value: version };
}

/** Why there may be untagged versions that are not offered. */
function keptSentences({ recent, unreadable }: CleanUpPlan): readonly string[] {
  const ofRecent =
    recent === 1
      ? l10n.t('Kept: 1 version of the last hour, which may belong to a push that is still running.')
      : l10n.t`Kept: ${recent} versions of the last hour, which may belong to a push that is still running.`;
  const ofUnreadable =
    unreadable === 1
      ? l10n.t('Kept: 1 version that could not be read.')
      : l10n.t`Kept: ${unreadable} versions that could not be read.`;
  return [...(recent === 0 ? [] : [ofRecent]), ...(unreadable === 0 ? [] : [ofUnreadable])];
}

/** Looks again before it deletes: a tag that was pushed meanwhile may need one of them. */
async function remove(
  dependencies: RegistryActionDependencies,
  node: ImageNode | UntaggedNode,
  chosen: readonly UnneededVersion[],
): Promise<void> {
  const { connection, repository } = node;
  const results = await withRegistry(
    dependencies,
    connection,
    l10n.t('Cleaning up'),
    async ({ contents, signal, report }) => {
      const { unneeded, versions } = await planCleanUp(contents, repository, { signal }, { now: Date.now() });
      const still = new Set(unneeded.map(({ digest }) => digest));
      const steps = chosen
        .filter(({ digest }) => still.has(digest))
        .map(({ digest }) => ({ kind: 'version' as const, repository, digest }));
      let done = 0;
      return await runDeletion(contents, { steps, versions: new Map([[repository, versions]]) }, { signal }, () => {
        report(l10n.t`${++done} of ${steps.length}`);
      });
    },
  );
  if (results === undefined) return;
  dependencies.registriesView.update();
  const { failures, link } = deletionReport(results);
  const needed = chosen.length - results.length;
  const message = cleanedText(`${connection.host}/${repository}`, results.length - failures.length, needed);
  if (failures.length > 0) void showError(joinSentences(message, ...failures), [], link);
  else void showInformation(message, []);
}

/** `needed`: how many versions were chosen, and are needed or gone by now. */
function cleanedText(name: string, deleted: number, needed: number): string {
  const done =
    deleted === 1
      ? l10n.t`Cleaned up ${name}: 1 version deleted.`
      : l10n.t`Cleaned up ${name}: ${deleted} versions deleted.`;
  if (needed === 0) return done;
  const skipped =
    needed === 1
      ? l10n.t({
          message: '1 is needed or gone by now, and was left alone.',
          comment: 'A version of an image that was chosen to be deleted.',
        })
      : l10n.t`${needed} are needed or gone by now, and were left alone.`;
  return joinSentences(done, skipped);
}
