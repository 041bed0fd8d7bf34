import * as l10n from '@vscode/l10n';
import { TeaChestError } from '../../core/base/errors.ts';
import { askCluster, listClusters } from '../connections/askCluster.ts';
import { connectClusterAsGiven } from '../connections/connectCluster.ts';
import { connectOrReport } from '../connections/connectOrReport.ts';
import type { AskSignInDependencies, SignedIn } from '../connections/signInState.ts';
import { reportFailure } from '../errors/reportFailure.ts';
import { readConnectIdpbuilderArguments, readFingerprint } from './arguments.ts';
import { confirmSignIn, signInCommand } from './signIn.ts';
import { toRejection } from './toRejection.ts';

/** The result of `teaChest.connectIdpbuilder` (docs/automation.md). */
export interface ConnectedIdpbuilder {
  readonly origin: string;
  readonly username: string;
  /** The kube context of the cluster. */
  readonly context: string;
}

/**
 * `teaChest.connectIdpbuilder`. With an argument it asks nothing, and rejects where a person would have to decide. Without
 * one the person sees what was found, and confirms it; failures are shown, and it resolves with undefined.
 */
export async function connectIdpbuilderCommand(
  dependencies: AskSignInDependencies,
  argument: unknown,
): Promise<ConnectedIdpbuilder | undefined> {
  if (argument !== undefined) {
    try {
      return await connectAsGiven(dependencies, argument);
    } catch (error) {
      throw toRejection(error, 'signIn');
    }
  }
  const signIn = (): unknown => signInCommand(dependencies, undefined);
  const cluster = await askCluster(dependencies.clusters).catch((error: unknown) => {
    void reportFailure(error, { retry: () => connectIdpbuilderCommand(dependencies, undefined), signIn });
  });
  if (cluster === undefined) return undefined;
  const signedIn = await connectOrReport(dependencies, cluster, { signIn });
  if (signedIn === undefined) return undefined;
  void confirmSignIn(signedIn);
  return summary(signedIn);
}

async function connectAsGiven(dependencies: AskSignInDependencies, argument: unknown): Promise<ConnectedIdpbuilder> {
  const { context, url, trustFingerprint } = readConnectIdpbuilderArguments(argument);
  const listed = await listClusters(dependencies.clusters);
  const cluster = context === undefined ? listed[0] : listed.find((one) => one.context === context);
  if (cluster === undefined) {
    const contexts = listed.map((one) => one.context).join(', ');
    throw new TeaChestError(
      'argumentInvalid',
      l10n.t`There is no cluster with the context ${context ?? ''}, only ${contexts}.`,
      {
        stage: 'signIn',
      },
    );
  }
  const request = { cluster, url, trustFingerprint: readFingerprint(trustFingerprint) };
  return summary(await connectClusterAsGiven(dependencies, request, { signal: AbortSignal.timeout(60_000) }));
}

function summary({ connection }: SignedIn): ConnectedIdpbuilder {
  const { origin, username, cluster } = connection;
  return { origin, username, context: cluster?.context ?? '' };
}
