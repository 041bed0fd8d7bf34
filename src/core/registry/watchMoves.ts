import type { Send } from './http/httpTypes.ts';
import type { RepositoryContext } from './repositoryContext.ts';

/**
 * Whether a registry has a repository under another name than the one that is asked for: Gitea redirects the requests for an
 * owner that was renamed (307), and to whoever follows it the push seems to go to the former name.
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
      const { url } = response;
      // An installation below a path redirects to that path, though its registry is at the root.
      const name = /\/v2\/(.+)\/(?:manifests|blobs|tags)\//.exec(url.pathname)?.[1]?.toLowerCase();
      if (url.origin === origin && name !== undefined && name !== repository) present = name;
      return response;
    },
  };
}
