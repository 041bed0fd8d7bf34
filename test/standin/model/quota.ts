import type { Limits } from '../options.ts';
import { filesOf, type Packages } from './packages.ts';

/** Why a blob of `size` bytes may not be stored; undefined if it may. Checked only after the whole upload, as in Gitea. */
export function blobRefusal(limits: Limits, packages: Packages, ownerId: number, size: number): string | undefined {
  if (limits.blobSize !== undefined && size > limits.blobSize) return 'maximum allowed package type size exceeded';
  if (limits.totalSize !== undefined && usedBytes(packages, ownerId) + size > limits.totalSize) {
    return 'maximum allowed package storage quota exceeded';
  }
  return undefined;
}

/** True if one more version would be one too many. */
export function countExceeded(limits: Limits, packages: Packages, ownerId: number): boolean {
  if (limits.totalCount === undefined) return false;
  return packages.of(ownerId).reduce((count, { versions }) => count + versions.size, 0) + 1 > limits.totalCount;
}

/** All files of all versions: a layer that two tags share counts twice. */
export function usedBytes(packages: Packages, ownerId: number): number {
  return packages
    .of(ownerId)
    .flatMap(filesOf)
    .reduce((sum, { size }) => sum + size, 0);
}
