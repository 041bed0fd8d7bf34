import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { breakConnection } from '../fakeGitea/http/breakConnection.ts';
import { readAll, type ForwardOptions } from './faultyProxy.ts';

/** Targets of redirects. */
export interface RedirectTargets {
  /** The request's own address. */
  readonly own: string;
  /** The origin of another host, by plain http. */
  readonly elsewhere: string;
}

export interface FaultContext {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly targets: RedirectTargets;
  readonly forward: (options?: ForwardOptions) => Promise<void>;
  /** New connections are refused from now on. */
  readonly goDown: () => void;
}

export type FaultAction = (context: FaultContext) => Promise<void> | void;

export interface FaultRow {
  readonly name: string;
  readonly action: FaultAction;
  /** Only for requests that have a body. */
  readonly needsBody?: boolean;
  /** Only where the registry gives tokens. */
  readonly needsTokens?: boolean;
  /** The registry handles the request. */
  readonly isDone?: boolean;
}

const html = (title: string): string =>
  `<html>\r\n<head><title>${title}</title></head>\r\n<body>\r\n<center><h1>${title}</h1></center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n`;

/** Answers instead of the registry, once the request's body has arrived. */
function answer(status: number, headers: Record<string, string | string[]> = {}, body = ''): FaultAction {
  return async ({ request, response }) => {
    await drain(request);
    response.writeHead(status, { 'content-length': String(Buffer.byteLength(body)), ...headers });
    response.end(request.method === 'HEAD' ? undefined : body);
  };
}

const page = (status: number, title: string): FaultAction =>
  answer(status, { server: 'nginx', 'content-type': 'text/html' }, html(`${status} ${title}`));

const errors = (status: number, code: string, message: string): FaultAction =>
  answer(status, { 'content-type': 'application/json' }, JSON.stringify({ errors: [{ code, message }] }));

const redirect = (status: number, to: (targets: RedirectTargets) => string): FaultAction => {
  return ({ request, response, targets }) =>
    answer(status, { location: to(targets) })({ request, response } as FaultContext);
};

async function drain(request: IncomingMessage): Promise<void> {
  await readAll(request);
}

function reset(request: IncomingMessage): void {
  breakConnection(request.socket);
}

/** Never answers; the connection stays open until the client closes it. */
function silence(socket: Socket): void {
  socket.on('error', () => undefined);
}

const bearer = (targets: RedirectTargets): string =>
  `Bearer realm="${new URL(targets.own).origin}/v2/token",service="container_registry",scope="*"`;

/** Faults that answer, or end the connection, at once. */
export const quickFaults: readonly FaultRow[] = [
  {
    name: 'refused',
    action: ({ goDown }: FaultContext): void => {
      goDown();
    },
  },
  {
    name: 'reset before the body',
    action: ({ request }: FaultContext): void => {
      reset(request);
    },
  },
  {
    name: 'reset during the body',
    needsBody: true,
    action: async ({ request, forward }: FaultContext): Promise<void> => {
      await forward({ bodyBytes: Math.floor(Number(request.headers['content-length'] ?? 2) / 2) });
      reset(request);
    },
  },
  {
    name: 'reset after the body',
    action: async ({ request }: FaultContext): Promise<void> => {
      await drain(request);
      reset(request);
    },
  },
  {
    name: 'answer lost after it was done',
    isDone: true,
    action: async ({ request, forward }: FaultContext): Promise<void> => {
      await forward({ isDropped: true });
      reset(request);
    },
  },
  { name: 'slow answer', isDone: true, action: ({ forward }) => forward({ pace: () => pause(1) }) },
  {
    name: '101',
    action: async ({ request }: FaultContext): Promise<void> => {
      request.socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n');
      silence(request.socket);
    },
  },
  {
    name: '401 expired',
    needsTokens: true,
    action: ({ request, response, targets }) =>
      answer(
        401,
        { 'content-type': 'application/json', 'www-authenticate': bearer(targets) },
        '{"errors":[{"code":"UNAUTHORIZED","message":""}]}\n',
      )({ request, response } as FaultContext),
  },
  {
    name: '401 reqPackageAccess',
    action: answer(401, { 'www-authenticate': 'Basic realm="Gitea Package API"' }, 'reqPackageAccess\n'),
  },
  { name: '403 empty', action: answer(403) },
  { name: '403 quota', action: errors(403, 'DENIED', 'quota of this owner is reached') },
  { name: '403 HTML', action: page(403, 'Forbidden') },
  { name: '404 text', action: answer(404, { 'content-type': 'text/plain' }, '404 page not found\n') },
  { name: '405', action: page(405, 'Not Allowed') },
  { name: '408', action: page(408, 'Request Time-out') },
  { name: '413 HTML', action: page(413, 'Request Entity Too Large') },
  { name: '413 text', action: answer(413, { 'content-type': 'text/plain' }, 'Payload Too Large\n') },
  { name: '413 JSON', action: errors(413, 'UNKNOWN', 'request body is too large') },
  {
    name: '413 by reset',
    needsBody: true,
    action: async ({ request }: FaultContext): Promise<void> => {
      const { socket } = request;
      const body = request.iterator({ destroyOnReturn: false });
      // A blob that is sent whole may be empty, and a PUT that closes an upload is.
      await body.next();
      breakConnection(socket);
    },
  },
  { name: '416', action: errors(416, 'BLOB_UPLOAD_INVALID', '') },
  {
    name: '429 Retry-After',
    action: answer(429, { 'retry-after': '7', 'content-type': 'text/html' }, html('429 Too Many Requests')),
  },
  { name: '500 empty', action: answer(500) },
  { name: '501', action: page(501, 'Not Implemented') },
  { name: '502 HTML', action: page(502, 'Bad Gateway') },
  { name: '503 HTML', action: page(503, 'Service Temporarily Unavailable') },
  { name: '504 HTML', action: page(504, 'Gateway Time-out') },
  {
    name: 'redirect, same origin',
    action: async (context: FaultContext): Promise<void> => {
      const { own } = context.targets;
      if (own.includes('redirected=1')) await context.forward();
      else await redirect(307, () => `${own}${own.includes('?') ? '&' : '?'}redirected=1`)(context);
    },
  },
  { name: 'redirect, other origin', action: redirect(307, ({ elsewhere }) => `${elsewhere}/v2/elsewhere`) },
  { name: 'redirect to a sign-in page', action: redirect(302, ({ elsewhere }) => `${elsewhere}/login`) },
  { name: 'redirect loop', action: redirect(307, ({ own }) => own) },
  {
    name: 'wrong Docker-Content-Digest',
    isDone: true,
    action: ({ forward }) =>
      forward({ alter: (headers) => ({ ...headers, 'docker-content-digest': `sha256:${'0'.repeat(64)}` }) }),
  },
  {
    name: 'no Docker-Content-Digest',
    isDone: true,
    action: ({ forward }) =>
      forward({
        alter: ({ 'docker-content-digest': _, ...headers }) => headers,
      }),
  },
  {
    name: '200, body cut off',
    action: async ({ request }: FaultContext): Promise<void> => {
      await drain(request);
      request.socket.write('HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n{"tok');
      request.socket.end();
    },
  },
  { name: '200 HTML', action: answer(200, { 'content-type': 'text/html' }, html('Sign in')) },
];

/** Faults that a client notices only by a timeout. */
export const silentFaults: readonly FaultRow[] = [
  {
    name: 'stall after the body',
    action: async ({ request }: FaultContext): Promise<void> => {
      silence(request.socket);
      await drain(request);
    },
  },
  {
    name: 'half-open: nothing is read',
    action: ({ request }: FaultContext): void => {
      silence(request.socket);
      request.socket.pause();
    },
  },
  {
    name: 'endless drip',
    action: async ({ request, response }: FaultContext): Promise<void> => {
      await drain(request);
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': '100000000' });
      while (!response.destroyed) {
        response.write(' ');
        await pause(5);
      }
    },
  },
];
