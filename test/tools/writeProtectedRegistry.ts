import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A registry that everybody may read; writing needs user and password. */
export interface WriteProtectedRegistry {
  /** `127.0.0.1:port` */
  readonly host: string;
  readonly origin: string;
  close(): Promise<void>;
}

/** A reverse proxy in front of an open registry: it forwards GET and HEAD, and asks for Basic credentials for the rest. */
export async function protectWrites(
  target: { readonly origin: string },
  user: { readonly username: string; readonly secret: string },
): Promise<WriteProtectedRegistry> {
  const expected = `Basic ${Buffer.from(`${user.username}:${user.secret}`).toString('base64')}`;
  const server = createServer((incoming, outgoing) => {
    const { method = 'GET', url = '/', headers } = incoming;
    if (method !== 'GET' && method !== 'HEAD' && headers.authorization !== expected) {
      incoming.resume();
      outgoing.writeHead(401, { 'www-authenticate': 'Basic realm="writers"' }).end();
      return;
    }
    // The Host is kept: the registry builds its Locations from it.
    const onward = request(new URL(url, target.origin), { method, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(outgoing);
    });
    onward.on('error', () => outgoing.destroy());
    incoming.pipe(onward);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    host,
    origin: `http://${host}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      }),
  };
}
