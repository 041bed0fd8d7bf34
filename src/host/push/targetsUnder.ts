import * as l10n from '@vscode/l10n';
import { TeaChestError } from '../../core/base/errors.ts';
import { settleTarget } from '../targets/settleTarget.ts';
import { briefImage, formatTarget, normalizeImage, proposeTarget, type Destination } from '../targets/target.ts';
import type { Connection } from '../connections/connection.ts';

/** Where one of several images is to go. */
export interface ProposedTarget {
  readonly image: string;
  /** Undefined if a name has to be asked for. */
  readonly destination: Destination | undefined;
  /** Why there is no destination. */
  readonly problem: string | undefined;
}

/** Each image keeps its name and tag, under one owner. `owner`: undefined for a registry without owners. */
export function targetsUnder(
  images: readonly string[],
  connection: Connection,
  owner: string | undefined,
): readonly ProposedTarget[] {
  return withoutConflicts(
    images.map((image) => {
      try {
        return { image, destination: destinationUnder(image, connection, owner), problem: undefined };
      } catch (error) {
        if (!(error instanceof TeaChestError)) throw error;
        return { image, destination: undefined, problem: error.message };
      }
    }),
  );
}

/** Of two images with the same target only the first keeps it. */
export function withoutConflicts(targets: readonly ProposedTarget[]): readonly ProposedTarget[] {
  const images = new Map<string, string>();
  return targets.map((target) => {
    const { image, destination } = target;
    if (destination === undefined) return target;
    const key = formatTarget(destination.target);
    const other = images.get(key);
    if (other === undefined) images.set(key, image);
    if (other === undefined || other === image) return target;
    return { image, destination: undefined, problem: conflict(key, other) };
  });
}

/** Why an image cannot have the target of another one of the same push. */
export function conflict(target: string, other: string): string {
  return l10n.t`${briefImage(other)} goes to ${target} as well: one would replace the other.`;
}

/** @throws TeaChestError `targetNeeded`, `nameInvalid` */
function destinationUnder(image: string, connection: Connection, owner: string | undefined): Destination {
  const { name, tag } = proposeTarget(image, owner);
  if (name === undefined || tag === undefined) {
    const message =
      name === undefined
        ? l10n.t`The image ${briefImage(image)} has no name that it could keep.`
        : l10n.t`The image ${briefImage(image)} has no tag that it could keep.`;
    throw new TeaChestError('targetNeeded', message, { stage: 'resolve', facts: { image } });
  }
  const repository = owner === undefined ? name : `${owner}/${name}`;
  return { connection, target: settleTarget({ host: connection.host, repository, tag }, connection.kind) };
}

/**
 * `host/owner` and an image → `host/owner/name:tag`. An image without a name or a tag gets no target.
 * @throws TeaChestError `referenceInvalid`
 */
export function targetUnderPrefix(image: string, prefix: string): string | undefined {
  const base = prefix.replace(/\/+$/, '');
  const slash = base.indexOf('/');
  const { name, tag } = proposeTarget(normalizeImage(image), slash < 0 ? undefined : base.slice(slash + 1));
  return name === undefined || tag === undefined ? undefined : `${base}/${name}:${tag}`;
}
