import type { Send } from './http/httpTypes.ts';
import type { RepositoryContext } from './repositoryContext.ts';

/**
 * Watches whether a registry redirects the requests for a repository to another name: Gitea does so (307) for an owner that
 * was renamed, and nothing else says that the image is not under the name that was asked for.
 */
export function watchMoves(
  send: Send,
  { origin, repository }: { readonly origin: string; readonly repository: string },
): Required<Pick<RepositoryContext, 'send' | 'movedTo'>> {
  let present: string | undefined;
  return {
    movedTo: () => present,
    send: async (request) => {
      const response = await send(request);
      const name = repositoryIn(response.url);
      // The address of an upload session is chosen by the registry, and may have another name without a redirect.
      const isOfRepository = repositoryIn(request.url) === repository && response.url.origin === origin;
      if (isOfRepository && name !== undefined && name !== repository) present = name;
      return response;
    },
  };
}

/** An installation below a path redirects to that path, though its registry is at the root. */
function repositoryIn({ pathname }: URL): string | undefined {
  return /\/v2\/(.+)\/(?:manifests|blobs|tags)\//.exec(pathname)?.[1]?.toLowerCase();
}
