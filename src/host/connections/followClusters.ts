import { basename, dirname } from 'node:path';
import * as l10n from '@vscode/l10n';
import * as vscode from 'vscode';
import { sleep } from '../../core/base/cancel.ts';
import { toTeaChestError } from '../../core/base/errors.ts';
import type { LocalCluster } from '../../core/idpbuilder/findClusters.ts';
import { showWarning } from '../display/messages.ts';
import { reportFailure } from '../errors/reportFailure.ts';
import { ChangeBurst } from '../state/changeBurst.ts';
import { watchFiles } from '../state/watchFiles.ts';
import type { Connection } from './connection.ts';
import type { ConnectionStore } from './connectionStore.ts';
import { reconnectCluster } from './reconnectCluster.ts';
import type { AskSignInDependencies } from './signInState.ts';

export interface FollowClustersDependencies extends AskSignInDependencies {
  readonly store: Pick<ConnectionStore, 'onDidChange'> & AskSignInDependencies['store'];
  readonly wait?: typeof sleep;
}

/**
 * Notices clusters of idpbuilder, now and when kubeconfig or the sign-ins change, and those that were made anew since the
 * sign-in to their Gitea: kind makes a new authority for each cluster. Reads files, and starts no program.
 */
export function followClusters(dependencies: FollowClustersDependencies): vscode.Disposable {
  const { clusters, store, logger, wait = sleep } = dependencies;
  const life = new AbortController();
  const watchers: vscode.Disposable[] = [];
  const reported = new Set<string>();
  const look = async (): Promise<void> => {
    const found = await clusters.find();
    for (const problem of found.problems) logger.warn(`Clusters of this machine: ${problem}`);
    if (life.signal.aborted) return;
    showWhetherNoticed(found.clusters, store.list());
    for (const connection of remadeSince(found.clusters, store.list())) {
      const key = `${connection.origin} ${authorityOf(connection, found.clusters) ?? ''}`;
      if (reported.has(key)) continue;
      reported.add(key);
      void offerToReconnect(dependencies, connection);
    }
  };
  const lookAndLog = (): Promise<void> =>
    look().catch((error: unknown) => {
      logger.warn(`Clusters of this machine could not be looked for: ${toTeaChestError(error).message}`);
    });
  const changes = new ChangeBurst(lookAndLog, life.signal, wait);
  const begin = async (): Promise<void> => {
    const files = await clusters.files();
    if (life.signal.aborted) return;
    for (const file of files) {
      const pattern = new vscode.RelativePattern(vscode.Uri.file(dirname(file)), basename(file));
      watchers.push(watchFiles(pattern, changes.note));
    }
    await lookAndLog();
  };
  watchers.push(store.onDidChange(changes.note));
  begin().catch((error: unknown) => {
    logger.warn(`Changes of kubeconfig are not followed: ${toTeaChestError(error).message}`);
  });
  return new vscode.Disposable(() => {
    life.abort();
    for (const watcher of watchers) watcher.dispose();
  });
}

/** A cluster whose Gitea is signed in to needs no offer. */
function showWhetherNoticed(clusters: readonly LocalCluster[], connections: readonly Connection[]): void {
  const isConnected = ({ context }: LocalCluster): boolean =>
    connections.some(({ cluster }) => cluster?.context === context);
  const isOffered = clusters.some((cluster) => cluster.isNoticed && !isConnected(cluster));
  void vscode.commands.executeCommand('setContext', 'teaChest.hasCluster', isOffered);
}

/** The connections to clusters that were made anew. A cluster without an authority in kubeconfig is not judged. */
function remadeSince(clusters: readonly LocalCluster[], connections: readonly Connection[]): readonly Connection[] {
  return connections.filter((connection) => {
    const now = authorityOf(connection, clusters);
    const before = connection.cluster?.authority;
    return now !== undefined && before !== undefined && now !== before;
  });
}

function authorityOf({ cluster }: Connection, clusters: readonly LocalCluster[]): string | undefined {
  return clusters.find(({ context }) => context === cluster?.context)?.authority;
}

async function offerToReconnect(dependencies: FollowClustersDependencies, connection: Connection): Promise<void> {
  const { cluster, host } = connection;
  const text = l10n.t`The idpbuilder cluster “${cluster?.name ?? ''}” was made anew, so Gitea at ${host} has another password and another certificate. Reconnect when idpbuilder has finished.`;
  const choice = await showWarning(text, [{ title: l10n.t('Reconnect') }]);
  if (choice === undefined) return;
  const reconnect = async (): Promise<void> => {
    await reconnectCluster(dependencies, dependencies.store.find(connection.origin) ?? connection);
  };
  await reconnect().catch((error: unknown) => reportFailure(error, { retry: reconnect }));
}
