import * as v from 'valibot';
import { lenient } from '../base/json.ts';
import { isDigest } from '../oci/digest.ts';
import { isTag } from '../oci/imageReference.ts';
import { checkImageName, checkOwner } from './checkTarget.ts';

/** One version of a container package: a tag, or `sha256:…` for an untagged manifest. */
export interface PackageVersion {
  readonly id: number;
  /** Lower case, as in image references: the one that was asked for. */
  readonly owner: string;
  /** The owner by the server: another name if it was renamed. */
  readonly ownerNow: string;
  /** False if no image reference can have the name or the version that the server gave: that one is empty here. */
  readonly usable: boolean;
  /** `app`, `team/app`. */
  readonly name: string;
  readonly version: string;
  /** ISO 8601. */
  readonly createdAt: string | undefined;
  /** Who pushed it. */
  readonly creator: string | undefined;
  /** The repository to which the package is linked, without its owner. */
  readonly repository: string | undefined;
}

/** Who may see, and so pull, what an owner has: everybody, whoever is signed in, or the owner's own people. */
const visibility = v.picklist(['public', 'limited', 'private']);

export type Visibility = v.InferOutput<typeof visibility>;

/** A login or a version, as Gitea and Forgejo write them: one word of plain letters. */
const plainWord = v.pipe(v.string(), v.regex(/^[\w.+~-]{1,255}$/));

/** Of `/version`: `1.26.4`; Forgejo: `16.0.0+gitea-1.22.0`. */
export const versionSchema = v.object({ version: plainWord });

export const userSchema = v.object({
  login: lenient(plainWord),
  visibility: lenient(visibility),
  is_admin: lenient(v.boolean()),
});

/** RFC 3339, as Go writes it. */
const time = v.pipe(
  v.string(),
  v.regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)$/),
  v.check((text) => !Number.isNaN(Date.parse(text))),
);

/** A row of `/packages/{owner}`. One that is no object counts as a row that says nothing. */
export const packageRow = v.fallback(
  v.object({
    id: lenient(v.pipe(v.number(), v.safeInteger())),
    name: lenient(v.string()),
    version: lenient(v.string()),
    created_at: lenient(time),
    owner: lenient(v.object({ login: lenient(v.string()) })),
    creator: lenient(v.object({ login: lenient(plainWord) })),
    repository: lenient(v.object({ name: lenient(v.string()) })),
  }),
  {},
);

/** A row of `/users/{owner}/repos`. */
export const repositoryRow = v.fallback(v.object({ name: lenient(v.string()) }), {});

/** A row of `/user/teams`. */
export const teamRow = v.fallback(
  v.object({
    permission: lenient(v.string()),
    units_map: lenient(v.object({ 'repo.packages': lenient(v.string()) })),
    organization: lenient(
      v.object({ username: lenient(v.string()), name: lenient(v.string()), visibility: lenient(visibility) }),
    ),
  }),
  {},
);

/**
 * What comes from a server ends in links, commands and on the clipboard, so only a name and a version that a reference can
 * have are let through; a row without them still counts as one.
 */
export function readVersion(row: v.InferOutput<typeof packageRow>, owner: string): PackageVersion {
  const { id = 0, name = '', version = '', created_at: createdAt } = row;
  const [hasName, hasVersion] = [checkImageName(name).ok, isTag(version) || isDigest(version)];
  return {
    ...{ id, owner: owner.toLowerCase(), usable: hasName && hasVersion, createdAt },
    ownerNow: readOwner(row.owner?.login) ?? owner.toLowerCase(),
    creator: row.creator?.login,
    repository: row.repository && readRepositoryName(row.repository),
    name: hasName ? name : '',
    version: hasVersion ? version : '',
  };
}

/** Gitea's grammar for names of repositories (modules/validation, `AlphaDashDotPattern`); undefined for anything else. */
export function readRepositoryName({ name = '' }: v.InferOutput<typeof repositoryRow>): string | undefined {
  return /^[\w.-]{1,100}$/.test(name) && !/^\.{1,2}$/.test(name) ? name : undefined;
}

/** A user's or an organization's name in lower case; undefined if no image reference could have it. */
export function readOwner(name = ''): string | undefined {
  const check = checkOwner(name);
  return check.ok ? check.value : undefined;
}

/** Write for packages comes from the team's unit, or from its permission as a whole (docs/gitea.md §1, CP:113-167). */
export function writesPackages({ units_map: units, permission }: v.InferOutput<typeof teamRow>): boolean {
  const levels = ['write', 'admin', 'owner'];
  return levels.includes(units?.['repo.packages'] ?? '') || levels.includes(permission ?? '');
}
