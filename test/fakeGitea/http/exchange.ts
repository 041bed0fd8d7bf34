import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { TLSSocket } from 'node:tls';
import type { RequestBody } from './requestBody.ts';

/** A request for the routes. */
export interface Exchange {
  readonly method: string;
  /** Still percent-encoded; doubled and trailing slashes are gone (Gitea: modules/web/router.go). */
  readonly path: string;
  readonly query: URLSearchParams;
  /** The query, not decoded, without the question mark. */
  readonly rawQuery: string;
  readonly headers: IncomingHttpHeaders;
  readonly scheme: 'http' | 'https';
  /** The Host header. */
  readonly host: string;
  readonly body: RequestBody;
}

export function exchangeOf(request: IncomingMessage, body: RequestBody): Exchange {
  const [path = '', query = ''] = (request.url ?? '/').split(/\?(.*)/s);
  return {
    method: request.method ?? 'GET',
    path: path.replaceAll(/\/{2,}/g, '/').replace(/(?<=.)\/$/, ''),
    query: new URLSearchParams(query),
    rawQuery: query,
    headers: request.headers,
    scheme: request.socket instanceof TLSSocket ? 'https' : 'http',
    host: request.headers.host ?? '',
    body,
  };
}

/** The header's value, or nothing. */
export function header(exchange: Exchange, name: string): string {
  const value = exchange.headers[name];
  return typeof value === 'string' ? value : '';
}

/** The request's body as JSON; an empty object if it is not JSON. */
export async function jsonBody(exchange: Exchange): Promise<Record<string, unknown>> {
  const text = (await exchange.body.upTo(1024 * 1024)).toString();
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return {};
  }
}
