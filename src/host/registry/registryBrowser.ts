import type { TeaChestError } from '../../core/base/errors.ts';
import type { RegistryContents } from '../../core/gitea/browse/registryContents.ts';
import type { Connection } from '../connections/connection.ts';

/** Owners that the person may push to, their own name first. `complete`: there are no others. */
export interface Owners {
  readonly names: readonly string[];
  readonly complete: boolean;
  /** Those whose images everybody who can reach the server can pull, as far as the server says. */
  readonly publicNames: readonly string[];
  /** Why there may be others. */
  readonly failure?: TeaChestError;
}

/** Reads registries, and changes what they have. */
export interface RegistryBrowser {
  owners(connection: Connection): Promise<Owners>;
  contents(connection: Connection): Promise<RegistryContents>;
}
