import * as v from 'valibot';
import { listOf } from '../../base/json.ts';
import { isTag } from '../../oci/imageReference.ts';
import { nextPage } from '../http/nextPage.ts';
import { repositoryUrl, type RepositoryContext } from '../repositoryContext.ts';
import { getFrom, parseResponse } from './manifests.ts';

const tagsPerPage = 100;

/**
 * The tags of a repository, page by page (distribution spec, §Listing Tags), each once. Ends with the last page, and with
 * a page that brings nothing new: Gitea links to a next page even on the last one (docs/gitea.md §3), and distribution 2.8
 * ignores `n` and returns all tags.
 */
export async function* tagPages(
  context: RepositoryContext,
  { signal }: { readonly signal: AbortSignal },
): AsyncGenerator<readonly string[], void, void> {
  let url: URL | undefined = repositoryUrl(context, 'tags/list');
  url.searchParams.set('n', String(tagsPerPage));
  const seen = new Set<string>();
  while (url !== undefined) {
    const response = await getFrom(context, url, signal);
    if (response === undefined) return;
    const { tags } = parseResponse(v.object({ tags: listOf(v.string()) }), response);
    const fresh = tags.filter((tag) => isTag(tag) && !seen.has(tag));
    if (fresh.length === 0) return;
    for (const tag of fresh) seen.add(tag);
    yield fresh;
    url = nextPage(response, url);
  }
}
