import * as l10n from '@vscode/l10n';
import { joinSentences } from '../../core/base/joinSentences.ts';
import { TeaChestError } from '../../core/base/errors.ts';
import type { LocalCluster } from '../../core/idpbuilder/findClusters.ts';
import { askChoice } from '../input/prompts.ts';
import { runSteps, type StepPosition } from '../input/runSteps.ts';
import type { LocalClusters } from './localClusters.ts';

/** The clusters that idpbuilder may have made; all of kind if nothing suggests one. Rejects if there is none. */
export async function listClusters(clusters: LocalClusters): Promise<readonly LocalCluster[]> {
  const { clusters: all, problems } = await clusters.find();
  const noticed = all.filter(({ isNoticed }) => isNoticed);
  if (noticed.length > 0) return noticed;
  if (all.length > 0) return all;
  const files = (await clusters.files()).join(', ');
  const message = l10n.t`No cluster of idpbuilder was found: there is no context kind-… in ${files}.`;
  throw new TeaChestError('credentialSourceFailed', joinSentences(message, ...problems), {
    stage: 'signIn',
    facts: { cluster: '' },
  });
}

/** The only cluster, or the one that the person chooses. Undefined if they cancel. */
export async function askCluster(clusters: LocalClusters): Promise<LocalCluster | undefined> {
  const listed = await listClusters(clusters);
  if (listed.length === 1) return listed[0];
  const ask = (_: unknown, position: StepPosition): Promise<LocalCluster> =>
    askChoice(position, {
      placeholder: l10n.t('Which cluster has the Gitea to connect to?'),
      choices: listed.map((cluster) => ({
        label: cluster.name,
        description: cluster.isCurrent ? l10n.t`${cluster.context}, the current context` : cluster.context,
        icon: 'server-environment',
        value: cluster,
      })),
    });
  return await runSteps<LocalCluster | undefined>(
    l10n.t('Connect to idpbuilder’s Gitea'),
    [{ name: 'cluster', isSettled: () => false, ask }],
    undefined,
  );
}
