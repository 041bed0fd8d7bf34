import { isDigest } from '../oci/digest.ts';
import { isTag } from '../oci/imageReference.ts';
import { checkImageName, checkOwner } from './checkTarget.ts';
import { asObject, asText } from './restJson.ts';

/** One version of a container package: a tag, or `sha256:…` for an untagged manifest. */
export interface PackageVersion {
  readonly id: number;
  /** Lower case, as in image references. */
  readonly owner: string;
  /** False if no image reference can have the name or the version that the server gave: then both are empty here. */
  readonly usable: boolean;
  /** `app`, `team/app`. */
  readonly name: string;
  readonly version: string;
  /** ISO 8601. */
  readonly createdAt: string | undefined;
}

/** Who may see, and so pull, what an owner has: everybody, whoever is signed in, or the owner's own people. */
export type Visibility = 'public' | 'limited' | 'private';

type Row = Readonly<Record<string, unknown>>;

/**
 * A row of `/packages/{owner}`. What comes from a server ends in links, commands and on the clipboard, so only a name and
 * a version that a reference can have are let through; a row without them still counts as one.
 */
export function readVersion(row: Row, owner: string): PackageVersion {
  const { id } = row;
  const [name, version] = [asText(row['name']) ?? '', asText(row['version']) ?? ''];
  const usable = checkImageName(name).ok && (isTag(version) || isDigest(version));
  return {
    id: typeof id === 'number' && Number.isSafeInteger(id) ? id : 0,
    owner: owner.toLowerCase(),
    usable,
    name: usable ? name : '',
    version: usable ? version : '',
    createdAt: asTime(row['created_at']),
  };
}

/** A user's or an organization's name in lower case; undefined if no image reference could have it. */
export function readOwner(value: unknown): string | undefined {
  const check = checkOwner(asText(value) ?? '');
  return check.ok ? check.value : undefined;
}

export function readVisibility(value: unknown): Visibility | undefined {
  return value === 'public' || value === 'limited' || value === 'private' ? value : undefined;
}

/** Write for packages comes from the team's unit, or from its permission as a whole (docs/gitea.md §1, CP:113-167). */
export function writesPackages(team: Row): boolean {
  const levels = ['write', 'admin', 'owner'];
  const unit = asText(asObject(team['units_map'])['repo.packages']);
  return levels.includes(unit ?? '') || levels.includes(asText(team['permission']) ?? '');
}

/** RFC 3339, as Go writes it. */
function asTime(value: unknown): string | undefined {
  const text = asText(value);
  const isTime = text !== undefined && /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)$/.test(text);
  return isTime && !Number.isNaN(Date.parse(text)) ? text : undefined;
}
