import * as l10n from '@vscode/l10n';
import { throwIfCancelled } from '../base/cancel.ts';
import type { Logger } from '../base/logger.ts';
import type { EnginePuller, EnginePullStep } from '../ports/enginePuller.ts';
import type { EngineImageName } from '../ports/enginePusher.ts';
import { RelayUnavailable, type RelayParts } from './pushFromEngine.ts';
import { checkReachable } from './reachability.ts';
import type { RelaySource } from './relaySource.ts';
import { removeName, temporaryTag } from './temporaryTag.ts';

export interface PullThroughRelayOptions {
  readonly signal: AbortSignal;
  readonly logger: Logger;
  readonly platform: string | undefined;
  readonly onStep: (step: EnginePullStep) => void;
  /** The engine has the image under this name; the name is removed afterwards. */
  readonly onPulled: (name: string) => Promise<void>;
}

/**
 * Lets the engine pull an image from our endpoint under a temporary name, which is removed in any case. Rejects with
 * `RelayUnavailable` if the engine does not reach the endpoint.
 */
export async function pullThroughRelay(
  source: RelaySource,
  puller: EnginePuller,
  { endpoint, reachability }: Pick<RelayParts, 'endpoint' | 'reachability'>,
  { signal, logger, platform, onStep, onPulled }: PullThroughRelayOptions,
): Promise<void> {
  const { local } = puller;
  if (local === undefined) throw new RelayUnavailable(puller.whyNotLocal ?? l10n.t('It is not on this machine.'));
  throwIfCancelled(signal);
  const session = await endpoint.openForPull(source);
  try {
    // The secret goes only to an address that is proved to be ours.
    try {
      await checkReachable(local, session, reachability.firstRequestTimeoutMs(local.id), signal);
      reachability.reached(local.id);
    } catch (error) {
      throwIfCancelled(signal);
      reachability.missed(local.id);
      throw new RelayUnavailable(l10n.t('No request of the engine arrives at 127.0.0.1 here.'), { cause: error });
    }
    const name: EngineImageName = { repository: session.repository, tag: temporaryTag('pull') };
    const { credential } = session;
    try {
      const image = { repository: name.repository, reference: name.tag };
      for await (const step of puller.pull(image, { signal, credential, platform })) onStep(step);
      await onPulled(`${name.repository}:${name.tag}`);
    } finally {
      await removeName(local, name, { logger, references: [] });
    }
  } finally {
    await session.close();
  }
}
