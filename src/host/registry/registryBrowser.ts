import type { Connection } from '../connections/connection.ts';

/** Owners that the person may push to, their own name first. `complete`: there are no others. */
export interface Owners {
  readonly names: readonly string[];
  readonly complete: boolean;
  /** Those whose images everybody who can reach the server can pull, as far as the server says. */
  readonly publicNames: readonly string[];
}

/** Lists the contents of registries. */
export interface RegistryBrowser {
  owners(connection: Connection): Promise<Owners>;
  packages(connection: Connection, owner: string): Promise<readonly PackageVersion[]>;
}

/** A version of a container package, as the registry lists it. */
export interface PackageVersion {
  readonly name: string;
  /** A tag, or a digest for a version without one. */
  readonly version: string;
  /** ISO 8601. */
  readonly createdAt: string | undefined;
}
