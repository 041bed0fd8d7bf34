import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A registry of which everybody may read; only who gives user and password may write. */
export interface GuardedRegistry {
  /** `127.0.0.1:port` */
  readonly host: string;
  readonly origin: string;
  close(): Promise<void>;
}

/** Puts a guard before an open registry, as people do with a reverse proxy: GET and HEAD pass, the rest wants Basic. */
export async function guardWrites(
  target: { readonly origin: string },
  user: { readonly username: string; readonly secret: string },
): Promise<GuardedRegistry> {
  const expected = `Basic ${Buffer.from(`${user.username}:${user.secret}`).toString('base64')}`;
  const server = createServer((incoming, outgoing) => {
    const { method = 'GET', url = '/', headers } = incoming;
    if (method !== 'GET' && method !== 'HEAD' && headers.authorization !== expected) {
      incoming.resume();
      outgoing.writeHead(401, { 'www-authenticate': 'Basic realm="writers"' }).end();
      return;
    }
    // The Host goes along: the registry builds the addresses of its answers from it.
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
