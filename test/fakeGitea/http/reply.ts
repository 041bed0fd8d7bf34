/** An answer as data: handlers return one, so that a fault can drop or alter it before it is sent. */
export interface Reply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  readonly body?: string | FileBody;
  /** The connection is closed after the answer, which does not announce it. */
  readonly closes?: boolean;
}

/** Bytes from disk; `end` is exclusive. */
export interface FileBody {
  readonly path: string;
  readonly start: number;
  readonly end: number;
}

/** The response of Go's `http.Error`. */
export function textReply(status: number, text: string, headers: Record<string, string> = {}): Reply {
  return {
    status,
    headers: { 'Content-Type': 'text/plain; charset=utf-8', ...headers, 'X-Content-Type-Options': 'nosniff' },
    body: `${text}\n`,
  };
}

/** The router's response to a path without a route. */
export function pageNotFound(): Reply {
  return textReply(404, '404 page not found');
}

export function htmlReply(status: number, html: string): Reply {
  return { status, headers: { 'Content-Type': 'text/html; charset=utf-8' }, body: html };
}
