import type { Repository } from '../../registry/repository.ts';
import type { SignInResult } from '../../registry/types.ts';
import type { PackageId, PackagesApi } from '../packagesApi.ts';

export interface BrowseCall {
  readonly signal: AbortSignal;
}

/** What a registry has, for reading and changing it outside of a push. */
export interface RegistryContents {
  readonly kind: SignInResult['kind'];
  /** `gitea.example.com:3000` */
  readonly host: string;
  /** Gitea's REST API; undefined for any other registry. */
  readonly packages: PackagesApi | undefined;
  /** `name`: `owner/name`. */
  open(name: string, call: BrowseCall): Promise<Repository>;
  /** Names of repositories, from `after` on. */
  catalog(call: BrowseCall, after?: string): AsyncGenerator<readonly string[], void, void>;
}

/** A repository by its whole name: `owner/name`, and on other registries than Gitea any path. */
export interface RepositoryName {
  readonly repository: string;
}

/** `owner/group/app` → owner and the rest. */
export function packageOf({ repository }: RepositoryName): PackageId {
  const slash = repository.indexOf('/');
  return { owner: repository.slice(0, slash), name: repository.slice(slash + 1) };
}

/** Requests at the same time for one listing. */
export const parallelReads = 6;
