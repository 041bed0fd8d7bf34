import { packageUrl } from '../../core/gitea/webUrls.ts';
import { parseImageReference } from '../../core/oci/imageReference.ts';
import type { Connection } from '../connections/connection.ts';
import { hasOwners } from './settleTarget.ts';

/** The page of a pushed image on Gitea or Forgejo; undefined for other registries. */
export function packagePage(
  { kind, webRoot }: Pick<Connection, 'kind' | 'webRoot'>,
  reference: string,
): string | undefined {
  if (!hasOwners(kind)) return undefined;
  const { repository, tag } = parseImageReference(reference);
  const slash = repository.indexOf('/');
  const parts = { owner: repository.slice(0, slash), name: repository.slice(slash + 1) };
  return packageUrl(webRoot, tag === undefined ? parts : { ...parts, tag });
}
