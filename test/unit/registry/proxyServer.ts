import { createServer, request as httpRequest, type IncomingMessage } from 'node:http';
import net, { type AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';

/** A proxy that people run: tunnels by CONNECT, passes on plain requests; `localhost.test` is this machine. */
export async function startProxy(
  t: TestContext,
  options: { user?: string; refuse?: number } = {},
): Promise<{ url: string; log: string[] }> {
  const log: string[] = [];
  const allowed = ({ headers }: IncomingMessage): boolean =>
    options.user === undefined ||
    headers['proxy-authorization'] === `Basic ${Buffer.from(options.user).toString('base64')}`;
  const server = createServer((request, response) => {
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
  });
  server.on('connect', (request, socket) => {
    log.push(`CONNECT ${request.url ?? ''}`);
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
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `127.0.0.1:${(server.address() as AddressInfo).port}`, log };
}
