import type { Send } from './http/httpTypes.ts';

/**
 * Whether a registry has a repository under another name than the one that is asked for: Gitea redirects the requests for an
 * owner that was renamed (307), and to whoever follows it the push seems to go to the former name.
 */
export class MovedRepository {
  readonly #origin: string;
  readonly #repository: string;
  #name: string | undefined;

  constructor(origin: string, repository: string) {
    this.#origin = origin;
    this.#repository = repository;
  }

  /** `owner/name` as it is now, in lower case as in references; undefined as long as no request was redirected. */
  get name(): string | undefined {
    return this.#name;
  }

  watch(send: Send): Send {
    return async (request) => {
      const response = await send(request);
      const { origin, pathname } = response.url;
      // An installation below a path redirects to that path, though its registry is at the root.
      const [, found] = /\/v2\/(.+)\/(?:manifests|blobs|tags)\//.exec(pathname) ?? [];
      const name = found?.toLowerCase();
      if (origin === this.#origin && name !== undefined && name !== this.#repository) this.#name = name;
      return response;
    };
  }
}
