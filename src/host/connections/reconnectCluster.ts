import * as l10n from '@vscode/l10n';
import { TeaChestError } from '../../core/base/errors.ts';
import { showInformation } from '../display/messages.ts';
import { connectCluster } from './connectCluster.ts';
import type { Connection } from './connection.ts';
import { describeSignIn } from './describeSignIn.ts';
import type { AskSignInDependencies } from './signInState.ts';

/** Signs in again to the Gitea of a cluster that was made anew. False if the person declines. */
export async function reconnectCluster(dependencies: AskSignInDependencies, connection: Connection): Promise<boolean> {
  const { context = '', name = '' } = connection.cluster ?? {};
  const { clusters } = await dependencies.clusters.find();
  const cluster = clusters.find((one) => one.context === context);
  if (cluster === undefined) {
    throw new TeaChestError(
      'credentialSourceFailed',
      l10n.t`kubeconfig has no context ${context} any more: the idpbuilder cluster “${name}” was deleted, or is on another machine.`,
      { stage: 'signIn', facts: { cluster: name } },
    );
  }
  const signedIn = await connectCluster(dependencies, cluster, connection);
  if (signedIn !== undefined) void showInformation(describeSignIn(signedIn), []);
  return signedIn !== undefined;
}
