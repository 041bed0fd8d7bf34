import type { Limits } from '../options.ts';
import { filesOf, type PackageFile, type Packages } from './packages.ts';

/** Why a blob of `size` bytes may not be stored; undefined if it may. Checked only after the whole upload, as in Gitea. */
export function blobRefusal(limits: Limits, packages: Packages, ownerId: number, size: number): string | undefined {
  if (limits.blobSize !== undefined && size > limits.blobSize) return 'maximum allowed package type size exceeded';
  if (limits.totalSize !== undefined && versionBytes(packages, ownerId) + size > limits.totalSize) {
    return 'maximum allowed package storage quota exceeded';
  }
  return undefined;
}

/** True if the owner may have no further version. */
export function countExceeded(limits: Limits, packages: Packages, ownerId: number): boolean {
  if (limits.totalCount === undefined) return false;
  return packages.of(ownerId).reduce((count, { versions }) => count + versions.size, 0) + 1 > limits.totalCount;
}

/** Gitea: all files of all versions. A layer that two tags share counts twice, a blob that no manifest names does not. */
function versionBytes(packages: Packages, ownerId: number): number {
  const versions = packages.of(ownerId).flatMap((image) => [...image.versions.values()]);
  return sumOf(versions.flatMap(({ files }) => [...files.values()]));
}

/** Forgejo: all files, blobs that no manifest names included. */
export function usedBytes(packages: Packages, ownerId: number): number {
  return sumOf(packages.of(ownerId).flatMap(filesOf));
}

function sumOf(files: readonly PackageFile[]): number {
  return files.reduce((sum, { size }) => sum + size, 0);
}
