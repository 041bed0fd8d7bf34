import { isBuildDate } from '../oci/buildDate.ts';
import type { Digest } from '../oci/digest.ts';

/**
 * How an image in the engine compares with the tag that it is pushed to. `newer` needs evidence: what we pushed there last,
 * or the build dates of both. `different`: neither is known to be newer.
 */
export type SyncState = 'upToDate' | 'newerHere' | 'newerThere' | 'different' | 'notPushed';

/** What the state follows from. */
export type SyncReason =
  /** The registry has this image. */
  | 'sameImage'
  /** The registry has no such tag; `removedThere`: we have pushed it there once. */
  | 'noTag'
  | 'removedThere'
  /** Since our last push, only this side has changed, or only that one, or both. */
  | 'changedHere'
  | 'changedThere'
  | 'changedOnBothSides'
  /** Only one side has changed since our last push, but its image was built earlier than the one that it replaced. */
  | 'earlierBuildHere'
  | 'earlierBuildThere'
  /** By the build dates. */
  | 'builtLaterHere'
  | 'builtLaterThere'
  /** We have pushed nothing there, and the build dates do not say which is newer. */
  | 'unknownOrder';

/** What a push of ours published under the tag. */
export interface LastPush {
  /** The engine's ID of the image. */
  readonly imageId: string;
  readonly digest: Digest;
  /** When that image was built, ISO 8601. */
  readonly createdAt: string | undefined;
}

export interface SyncFacts {
  readonly here: { readonly imageId: string; readonly createdAt: string | undefined };
  /** Undefined: the registry has no such tag. `createdAt`: undefined as well if it was not read. */
  readonly there:
    { readonly digest: Digest; readonly isSameImage: boolean; readonly createdAt: string | undefined } | undefined;
  readonly lastPush: LastPush | undefined;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

export interface SyncVerdict {
  readonly state: SyncState;
  readonly reason: SyncReason;
}

/** Milliseconds that the clocks of two machines which build images may differ. */
const clockTolerance = 2 * 60_000;

export function compareSyncState({ here, there, lastPush, now }: SyncFacts): SyncVerdict {
  if (there === undefined) {
    return { state: 'notPushed', reason: lastPush === undefined ? 'noTag' : 'removedThere' };
  }
  if (there.isSameImage) return { state: 'upToDate', reason: 'sameImage' };
  if (lastPush === undefined) return compareBuildDates(laterBuild(here.createdAt, there.createdAt, now));
  const hasChangedHere = lastPush.imageId !== here.imageId;
  const hasChangedThere = lastPush.digest !== there.digest;
  if (hasChangedHere && hasChangedThere) return { state: 'different', reason: 'changedOnBothSides' };
  if (hasChangedHere) {
    const isEarlier = laterBuild(here.createdAt, lastPush.createdAt, now) === 'there';
    return isEarlier
      ? { state: 'different', reason: 'earlierBuildHere' }
      : { state: 'newerHere', reason: 'changedHere' };
  }
  const isEarlier = laterBuild(here.createdAt, there.createdAt, now) === 'here';
  return isEarlier
    ? { state: 'different', reason: 'earlierBuildThere' }
    : { state: 'newerThere', reason: 'changedThere' };
}

function compareBuildDates(later: 'here' | 'there' | undefined): SyncVerdict {
  if (later === undefined) return { state: 'different', reason: 'unknownOrder' };
  return later === 'here'
    ? { state: 'newerHere', reason: 'builtLaterHere' }
    : { state: 'newerThere', reason: 'builtLaterThere' };
}

/**
 * Which of two images was built later. Undefined if a date is missing, is not that of a build (reproducible builds), lies in
 * the future, or is so near the other that the clocks of two machines do not tell.
 */
function laterBuild(here: string | undefined, there: string | undefined, now: number): 'here' | 'there' | undefined {
  const [ours, theirs] = [timeOf(here, now), timeOf(there, now)];
  if (ours === undefined || theirs === undefined || Math.abs(ours - theirs) <= clockTolerance) return undefined;
  return ours > theirs ? 'here' : 'there';
}

function timeOf(date: string | undefined, now: number): number | undefined {
  if (date === undefined || !isBuildDate(date)) return undefined;
  const time = Date.parse(date);
  return Number.isNaN(time) || time > now + clockTolerance ? undefined : time;
}
