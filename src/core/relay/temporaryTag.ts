import { randomBytes } from 'node:crypto';
import type { Logger } from '../base/logger.ts';
import {
  formatIdentity,
  hasEnded,
  identityPattern,
  isThisProcess,
  parseIdentity,
  thisMachine,
  type ProcessView,
} from '../base/processIdentity.ts';
import type { EngineImageName, EnginePusher } from '../ports/enginePusher.ts';

/** Long enough for a busy engine, short enough for a person who waits for a cancel. */
const untagTimeoutMs = 5_000;
const maxReferences = 3;

/** Tags of running pushes and pulls of this process. */
const inUse = new Set<string>();
/** Tags of this process that could not be removed. */
const leftover = new Set<string>();

/** `127.0.0.1:port/tea-chest/…/n:push-<process>-<seconds since the epoch><random>`, or `pull-`; see `RelayEndpoint`. */
const pattern = new RegExp(
  `^127\\.0\\.0\\.1:\\d+/tea-chest/[0-9a-f]{24}/\\d+:(?:push|pull)-(${identityPattern})-([0-9a-f]{8})[0-9a-f]{8}$`,
);

/**
 * The tag under which an image is pushed to the relay or pulled from it. It names the process, so that `sweepNames` can find
 * what is left.
 */
export function temporaryTag(use: 'push' | 'pull' = 'push'): string {
  const seconds = Math.floor(Date.now() / 1000)
    .toString(16)
    .padStart(8, '0');
  const tag = `${use}-${formatIdentity(thisMachine().own)}-${seconds}${randomBytes(4).toString('hex')}`;
  inUse.add(tag);
  return tag;
}

/** What a classic store keeps of such a name after the push, until the name is removed. */
const pushedPattern = /^127\.0\.0\.1:\d+\/tea-chest\/[0-9a-f]{24}\/\d+@/;

/** True for a name that a Tea Chest gave to an image for one push or pull, with its tag or a digest; it is never shown. */
export function isTemporaryName(reference: string): boolean {
  return pattern.test(reference) || pushedPattern.test(reference);
}

/**
 * Removes the temporary name; false if that failed. If a build has moved the image's own name meanwhile, the temporary name
 * is the last one, and the engine would remove the image with it. So the temporary name is first moved to the image that
 * one of `references` names now.
 */
export async function removeName(
  pusher: Pick<EnginePusher, 'tag' | 'untag'>,
  name: EngineImageName,
  { logger, references }: { readonly logger: Logger; readonly references: readonly string[] },
): Promise<boolean> {
  const signal = AbortSignal.timeout(untagTimeoutMs);
  try {
    await moveName(pusher, name, references, signal);
    await pusher.untag(name, { signal });
    leftover.delete(name.tag);
    return true;
  } catch (error) {
    // If the engine has stopped, `sweepNames` removes it when the engine is back.
    logger.warn(`The temporary name ${name.repository}:${name.tag} could not be removed: ${String(error)}`);
    leftover.add(name.tag);
    return false;
  } finally {
    inUse.delete(name.tag);
  }
}

async function moveName(
  pusher: Pick<EnginePusher, 'tag'>,
  name: EngineImageName,
  references: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  for (const reference of references.filter((each) => !isTemporaryName(each)).slice(0, maxReferences)) {
    try {
      await pusher.tag(reference, name, { signal });
      return;
    } catch {
      // The name was removed meanwhile. If all are, the image may go as well.
    }
  }
}

/** True if this process could not remove a name, and `sweepNames` has not done so since. */
export function areNamesLeft(): boolean {
  return leftover.size > 0;
}

/**
 * Removes the temporary names of pushes and pulls that have ended, of this installation or another. Returns their number. An
 * image that was being pulled may have no other name: then the engine removes it too.
 */
export async function sweepNames(
  pusher: EnginePusher,
  { signal, logger, view = thisMachine() }: SweepOptions,
): Promise<number> {
  const names = await pusher.listTags({ signal });
  for (const tag of leftover) if (!names.some((name) => name.endsWith(`:${tag}`))) leftover.delete(tag);
  let removed = 0;
  for (const reference of names.filter((name) => isLeft(name, view))) {
    const colon = reference.lastIndexOf(':');
    const name = { repository: reference.slice(0, colon), tag: reference.slice(colon + 1) };
    const references = name.tag.startsWith('pull-') ? [] : names;
    if (await removeName(pusher, name, { logger, references })) removed++;
  }
  return removed;
}

interface SweepOptions {
  readonly signal: AbortSignal;
  readonly logger: Logger;
  readonly view?: ProcessView;
}

/** By the name alone: secrets and state may be lost in a crash, in hosts that keep them in memory. */
function isLeft(reference: string, view: ProcessView): boolean {
  const [, identity = '', seconds = ''] = pattern.exec(reference) ?? [];
  const owner = parseIdentity(identity);
  if (owner === undefined) return false;
  const tag = reference.slice(reference.lastIndexOf(':') + 1);
  // Of this process, but not of a running push: it could not be removed.
  if (isThisProcess(owner, view)) return !inUse.has(tag);
  // Names have no heartbeat: of another machine's process only the start of the push is known.
  return hasEnded(owner, parseInt(seconds, 16) * 1000, view);
}
