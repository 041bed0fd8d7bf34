import { createServer, request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import net, { type AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';

/** A proxy that people run: tunnels by CONNECT, passes on plain requests; `localhost.test` is this machine. */
export async function startProxy(
  t: TestContext,
  options: {
    readonly user?: string;
    /** The whole value of Proxy-Authorization that it wants. */
    readonly authorization?: string;
    readonly refuse?: number;
    /** Takes CONNECT and says nothing. */
    readonly stalls?: boolean;
    readonly host?: string;
    readonly tls?: { readonly cert: string; readonly key: string };
  } = {},
): Promise<{ url: string; log: string[] }> {
  const log: string[] = [];
  const { user, host = '127.0.0.1' } = options;
  const basic = user === undefined ? undefined : `Basic ${Buffer.from(user).toString('base64')}`;
  const wanted = options.authorization ?? basic;
  const allowed = ({ headers }: IncomingMessage): boolean =>
    wanted === undefined || headers['proxy-authorization'] === wanted;
  const pass = (request: IncomingMessage, response: ServerResponse): void => {
    log.push(`${request.method ?? ''} ${request.url ?? ''}`);
    if (!allowed(request)) {
      response.writeHead(407).end();
      return;
    }
    const target = new URL(request.url ?? '');
    const onward = httpRequest({
      host: '127.0.0.1',
      port: target.port,
      path: target.pathname,
      method: request.method ?? 'GET',
      headers: { host: request.headers.host ?? '', 'content-length': request.headers['content-length'] ?? '0' },
    });
    onward.on('response', (answer) => {
      response.writeHead(answer.statusCode ?? 500, answer.headers);
      answer.pipe(response);
    });
    request.pipe(onward);
  };
  const server = options.tls === undefined ? createServer(pass) : createTlsServer(options.tls, pass);
  server.on('connect', (request, socket) => {
    log.push(`CONNECT ${request.url ?? ''}`);
    if (options.stalls === true) return;
    const refusal = options.refuse ?? (allowed(request) ? undefined : 407);
    if (refusal !== undefined) {
      socket.end(`HTTP/1.1 ${refusal} No\r\n\r\n`);
      return;
    }
    const onward = net.connect(Number(request.url?.split(':')[1]), '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      socket.pipe(onward).pipe(socket);
    });
    for (const end of [socket, onward]) end.on('error', () => end.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { url: host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`, log };
}
