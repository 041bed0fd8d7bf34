import type { Connection } from '../connections/connection.ts';

/** Owners that may be pushed to, the person first; `complete` if there are no others. */
export interface Owners {
  readonly names: readonly string[];
  readonly complete: boolean;
  /** Those whose images everybody who can reach the server can pull, as far as it tells. */
  readonly publicNames: readonly string[];
}

/** What the view reads from a registry. */
export interface RegistryBrowser {
  owners(connection: Connection): Promise<Owners>;
  packages(connection: Connection, owner: string): Promise<readonly PackageVersion[]>;
}

/** A version of a container package, as the registry lists it. */
export interface PackageVersion {
  readonly name: string;
  /** A tag; or a digest, for what has no tag. */
  readonly version: string;
  /** ISO 8601. */
  readonly createdAt: string | undefined;
}
