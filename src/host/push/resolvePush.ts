import * as l10n from '@vscode/l10n';
import { TeaChestError } from '../../core/base/errors.ts';
import { parseImageReference } from '../../core/oci/imageReference.ts';
import { settleTarget } from '../targets/settleTarget.ts';
import { isImageId, normalizeImage, parseTarget, type Destination } from '../targets/target.ts';
import type { PushArguments } from './pushArguments.ts';
import type { PushJob } from './pushJob.ts';
import type { TargetSources } from './pushSources.ts';

/**
 * Arguments → a job. Undefined where only a person can say where the image should go. With a target, nobody is asked anything.
 * @throws TeaChestError `referenceInvalid`, `nameInvalid`, `notSignedIn`
 */
export function resolvePush(args: PushArguments, sources: TargetSources): PushJob | undefined {
  const { image: requestedImage, target, ...options } = args;
  const image = normalizeImage(requestedImage);
  const destination =
    target === undefined ? suggestDestination(image, sources) : parseDestination(target, sources.store);
  return destination && { image, requestedImage, ...destination, ...options };
}

/** Where the image went last. Otherwise the registry in the image's own name, if the person is signed in there. */
export function suggestDestination(image: string, { store, memory }: TargetSources): Destination | undefined {
  const last = memory.last(image);
  const connection = last && store.findByHost(last.target.host);
  if (last !== undefined && connection?.origin === last.origin) return { connection, target: last.target };
  return destinationInName(image, store);
}

function destinationInName(image: string, store: TargetSources['store']): Destination | undefined {
  if (isImageId(image)) return undefined;
  const { registry, repository, tag } = parseImageReference(image);
  const connection = registry === undefined ? undefined : store.findByHost(registry);
  if (connection === undefined || tag === undefined) return undefined;
  try {
    return { connection, target: settleTarget({ host: connection.host, repository, tag }, connection.kind) };
  } catch {
    // The registry refuses this name, so the person is asked for another one.
    return undefined;
  }
}

/** @throws TeaChestError `referenceInvalid`, `nameInvalid`, `notSignedIn` */
export function parseDestination(text: string, store: TargetSources['store']): Destination {
  const target = parseTarget(text, (first) => store.findByHost(first) !== undefined);
  const connection = store.findByHost(target.host);
  if (connection === undefined) {
    throw new TeaChestError('notSignedIn', l10n.t`You are not signed in to ${target.host}.`, {
      stage: 'resolve',
      facts: { host: target.host, repository: target.repository },
    });
  }
  return { connection, target: settleTarget({ ...target, host: connection.host }, connection.kind) };
}
