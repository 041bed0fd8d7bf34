import { TeaChestError } from '../../core/base/errors.ts';
import { parseImageReference } from '../../core/oci/imageReference.ts';
import type { PushArguments } from './pushArguments.ts';
import type { Connection } from '../connections/connection.ts';
import { settleTarget } from '../targets/settleTarget.ts';
import { isImageId, normalizeImage, parseTarget, type Target } from '../targets/target.ts';
import type { PushJob } from './pushRunner.ts';

/** What is known of registries and of former pushes. */
export interface PushKnowledge {
  findByHost(host: string): Connection | undefined;
  lastTarget(image: string): { readonly origin: string; readonly target: Target } | undefined;
}

/** A connection and a place in it. */
export interface Destination {
  readonly connection: Connection;
  readonly target: Target;
}

/**
 * Arguments → a job, or undefined where only a person can say where the image should go.
 * @throws TeaChestError `referenceInvalid`, `nameInvalid`, `notSignedIn`
 */
export function resolvePush(args: PushArguments, knowledge: PushKnowledge): PushJob | undefined {
  const image = normalizeImage(args.image);
  const destination =
    args.target === undefined ? guessDestination(image, knowledge) : namedDestination(args.target, knowledge);
  if (destination === undefined) return undefined;
  return {
    image,
    ...destination,
    compression: args.compression,
    strategy: args.strategy,
    platform: args.platform,
    recheck: args.recheck,
  };
}

/** Where an image went last; else the registry that its own name begins with, if somebody is signed in there. */
export function guessDestination(image: string, knowledge: PushKnowledge): Destination | undefined {
  const last = knowledge.lastTarget(image);
  const connection = last && knowledge.findByHost(last.target.host);
  if (last !== undefined && connection?.origin === last.origin) return { connection, target: last.target };
  return ownDestination(image, knowledge);
}

function ownDestination(image: string, knowledge: PushKnowledge): Destination | undefined {
  if (isImageId(image)) return undefined;
  const { registry, repository, tag } = parseImageReference(image);
  const connection = registry === undefined ? undefined : knowledge.findByHost(registry);
  if (registry === undefined || connection === undefined || tag === undefined) return undefined;
  try {
    return { connection, target: settleTarget({ host: connection.host, repository, tag }, connection.kind) };
  } catch {
    // A name of ours that this registry does not take: no guess, so that the person is asked for another.
    return undefined;
  }
}

function namedDestination(text: string, knowledge: PushKnowledge): Destination {
  const target = parseTarget(text, (first) => knowledge.findByHost(first) !== undefined);
  const connection = knowledge.findByHost(target.host);
  if (connection === undefined) {
    throw new TeaChestError('notSignedIn', `You are not signed in to ${target.host}.`, {
      stage: 'resolve',
      facts: { host: target.host },
    });
  }
  return { connection, target: settleTarget({ ...target, host: connection.host }, connection.kind) };
}
