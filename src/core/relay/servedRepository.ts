import type { IncomingMessage, ServerResponse } from 'node:http';

/** A repository of the endpoint, as long as a push to it or a pull from it runs. */
export interface ServedRepository {
  /** Answers an authenticated request. `path` is what follows the repository's name. */
  answer(request: IncomingMessage, response: ServerResponse, path: string, query: URLSearchParams): Promise<void>;
  /** Ends what is still running. */
  close(): void;
}
