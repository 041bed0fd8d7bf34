import * as l10n from '@vscode/l10n';
import { tokenSettingsUrl } from '../../core/gitea/webUrls.ts';
import type { RegistryContents } from '../../core/gitea/browse/registryContents.ts';
import { toTeaChestError } from '../../core/base/errors.ts';
import type { Digest } from '../../core/oci/digest.ts';
import { pageAt, type Connection } from '../connections/connection.ts';
import type { ConnectionStore } from '../connections/connectionStore.ts';
import { explainRemadeCluster } from '../connections/explainRemadeCluster.ts';
import { reconnect, type Remedy } from '../connections/reconnect.ts';
import type { AskSignInDependencies } from '../connections/signInState.ts';
import { withNotification } from '../display/withNotification.ts';
import { reportFailure } from '../errors/reportFailure.ts';
import { openInBrowser } from '../openInBrowser.ts';
import { withSignal } from '../progress/cancellation.ts';
import type { AddedOwners } from '../registry/addedOwners.ts';
import type { RegistryBrowser } from '../registry/registryBrowser.ts';
import type { RegistriesTreeView } from '../views/registries/registriesTreeView.ts';
import type { DigestNode, TagNode } from '../views/registries/registryTree.ts';

export interface RegistryActionDependencies extends AskSignInDependencies {
  readonly store: AskSignInDependencies['store'] & Pick<ConnectionStore, 'list'>;
  readonly access: RegistryBrowser;
  readonly addedOwners: AddedOwners;
  readonly registriesView: Pick<RegistriesTreeView, 'update' | 'filter' | 'setFilter' | 'loadMore' | 'selection'>;
  /** Called after tags were moved or deleted, so that images are compared with them again. */
  readonly onTagsChanged: (connection: Connection) => void;
}

interface ActionCall {
  readonly contents: RegistryContents;
  readonly signal: AbortSignal;
  readonly report: (message: string) => void;
}

/**
 * Works with a registry behind a notification that can be cancelled. A failure is shown with what helps against it, and a
 * retry gives its result as if it were the first try: `work` must be repeatable. Undefined if the person cancels, or closes
 * the message of the failure.
 */
export async function withRegistry<T>(
  dependencies: RegistryActionDependencies,
  connection: Connection,
  title: string,
  work: (call: ActionCall) => Promise<T>,
): Promise<T | undefined> {
  try {
    return await withNotification(title, (report, token) =>
      withSignal(token, async (signal) => {
        const contents = await dependencies.access.contents(connection);
        return await work({
          contents,
          signal,
          report: (message) => {
            report(message, 0);
          },
        });
      }),
    );
  } catch (error) {
    let again: T | undefined;
    const retry = async (): Promise<void> => {
      again = await withRegistry(dependencies, connection, title, work);
    };
    await reportRegistryFailure(dependencies, connection, error, { retry, title });
    return again;
  }
}

/** Shows a failure with the buttons that help against it. */
async function reportRegistryFailure(
  dependencies: RegistryActionDependencies,
  connection: Connection,
  error: unknown,
  { retry, title }: { readonly retry: () => unknown; readonly title: string },
): Promise<void> {
  const apply = (remedy: Remedy) => async (): Promise<void> => {
    if (await reconnect(dependencies, connection, remedy)) await retry();
  };
  const page = pageAt(connection, tokenSettingsUrl(connection.webRoot));
  await reportFailure(
    toTeaChestError(explainRemadeCluster(error, connection), 'browse'),
    {
      retry,
      signIn: apply('signIn'),
      trustCertificate: apply('trustCertificate'),
      chooseClientCertificate: apply('chooseClientCertificate'),
      reconnectCluster: apply('reconnectCluster'),
      ...(connection.kind !== 'generic' && { createToken: () => openInBrowser(page) }),
    },
    l10n.t({
      message: '{0} failed',
      args: [title],
      comment:
        '{0} is the title of a progress notification, such as “Deleting” or “Linking a/b to c”. “: reason” follows.',
    }),
  );
}

/** What a tag stands for now; undefined if there is no such tag any more. */
export async function digestOfNode(
  { contents, signal }: Pick<ActionCall, 'contents' | 'signal'>,
  node: TagNode | DigestNode,
): Promise<Digest | undefined> {
  if (node.type === 'digest') return node.digest;
  const repository = await contents.open(node.repository, { signal });
  return (await repository.headManifest(node.tag, { signal }))?.digest;
}
