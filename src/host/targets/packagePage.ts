import { packageUrl } from '../../core/gitea/webUrls.ts';
import type { Connection } from '../connections/connection.ts';
import { hasOwners } from './settleTarget.ts';
import type { Target } from './target.ts';

/** The page of a pushed image on Gitea or Forgejo. Undefined for other registries. */
export function packagePage(
  { kind, webRoot }: Pick<Connection, 'kind' | 'webRoot'>,
  { repository, tag }: Target,
): string | undefined {
  if (!hasOwners(kind)) return undefined;
  const slash = repository.indexOf('/');
  return packageUrl(webRoot, { owner: repository.slice(0, slash), name: repository.slice(slash + 1), tag });
}
