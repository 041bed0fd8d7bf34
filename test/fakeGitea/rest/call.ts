import type { Gitea } from '../gitea.ts';
import type { Exchange } from '../http/exchange.ts';
import type { Reply } from '../http/reply.ts';
import type { Doer } from '../model/access.ts';
import type { User } from '../model/directory.ts';
import { rootUrl } from '../publicUrl.ts';

/** A request to the REST API whose token has the scope for the route. */
export interface RestCall {
  readonly gitea: Gitea;
  readonly exchange: Exchange;
  readonly doer: Doer;
  /** The named parts of the path, decoded. */
  readonly params: Readonly<Record<string, string>>;
}

const common = {
  'Cache-Control': 'max-age=0, private, must-revalidate, no-transform',
  'X-Content-Type-Options': 'nosniff',
};

export function apiJson(status: number, value: unknown, headers: Record<string, string> = {}): Reply {
  return {
    status,
    headers: { ...common, 'Content-Type': 'application/json;charset=utf-8', ...headers },
    body: `${JSON.stringify(value)}\n`,
  };
}

export const apiDone = (status = 204): Reply => ({ status, headers: common });

export function apiError(call: Pick<RestCall, 'gitea' | 'exchange'>, status: number, message: string): Reply {
  return apiJson(status, { message, url: `${rootUrl(call.gitea, call.exchange)}/api/swagger` });
}

/** The account itself is refused. Unlike Gitea's other errors this one has no link. */
export function accountRefused(message: string): Reply {
  return apiJson(403, { message });
}

export function apiNotFound(call: Pick<RestCall, 'gitea' | 'exchange'>): Reply {
  const url = `${rootUrl(call.gitea, call.exchange)}/api/swagger`;
  return apiJson(404, { errors: [], message: "The target couldn't be found.", url });
}

/** Nobody has this name, and nobody had it (services/context/user.go). */
export function apiNoOwner(call: Pick<RestCall, 'gitea' | 'exchange'>, name: string): Reply {
  return apiError(call, 404, `user redirect does not exist [name: ${name}]`);
}

/** The signed-in user; routes that need one are marked so in the table. */
export function signedIn({ doer }: RestCall): User {
  if (doer.kind !== 'user') throw new Error('this route must be marked as needing sign-in');
  return doer.user;
}

/** One page of a list (`page` from 1, `limit` 30, at most 50), with the headers that link to the others. */
export function apiPage<T>(call: RestCall, all: readonly T[], convert: (item: T) => unknown): Reply {
  const { query, path } = call.exchange;
  const page = Math.max(1, Number.parseInt(query.get('page') ?? '', 10) || 1);
  const asked = Number.parseInt(query.get('limit') ?? '', 10);
  const limit = asked > 0 ? Math.min(asked, 50) : 30;
  const lastPage = Math.ceil(all.length / limit);
  const { origin } = new URL(rootUrl(call.gitea, call.exchange));
  const link = (to: number, relation: string): string => {
    const target = new URLSearchParams(query);
    target.set('page', String(to));
    return `<${origin}${path}?${target.toString()}>; rel="${relation}"`;
  };
  const links = [
    ...(page < lastPage ? [link(page + 1, 'next'), link(lastPage, 'last')] : []),
    ...(page > 1 ? [link(1, 'first'), link(page - 1, 'prev')] : []),
  ];
  const rows = all.slice((page - 1) * limit, page * limit).map(convert);
  return apiJson(200, rows, {
    'Access-Control-Expose-Headers': links.length > 0 ? 'Link, X-Total-Count' : 'X-Total-Count',
    'X-Total-Count': String(all.length),
    ...(links.length > 0 ? { Link: links.join(',') } : {}),
  });
}
