import type { TeaChestError } from '../../core/base/errors.ts';
import type { Audience } from '../../core/gitea/readAudience.ts';
import type { RegistryContents } from '../../core/gitea/browse/registryContents.ts';
import type { Connection } from '../connections/connection.ts';

/** Owners that the person may push to, their own name first. `complete`: there are no others. */
export interface Owners {
  readonly names: readonly string[];
  readonly complete: boolean;
  /** Organizations of theirs in which they may not push. */
  readonly readOnly: readonly string[];
  /** A site administrator may push to every owner. */
  readonly isAdmin: boolean;
  /** Who can pull the images of each of these owners, as far as the server says. */
  readonly audiences: ReadonlyMap<string, Audience>;
  /** Why there may be others. */
  readonly failure?: TeaChestError;
}

/** Reads registries, and changes what they have. */
export interface RegistryBrowser {
  owners(connection: Connection): Promise<Owners>;
  /** Undefined if the server does not say. */
  audienceOf(connection: Connection, owner: string): Promise<Audience | undefined>;
  /** Rejects if the person may not push to the repository. Leaves nothing in the registry. */
  checkAccess(connection: Connection, repository: string): Promise<void>;
  /** Says why an owner is refused, if the server says it; other errors stay as they are. */
  explainDenied(connection: Connection, error: TeaChestError): Promise<TeaChestError>;
  contents(connection: Connection): Promise<RegistryContents>;
}
