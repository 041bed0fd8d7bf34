import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Serves on a free port of this machine until the test ends; its origin. */
export async function serve(t: { after(work: () => void): void }, listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Asks nobody who they are. */
export const openRegistry: RequestListener = (_request, response) => response.end('{}');

/** Gives a token to whoever asks, as Docker Hub and GHCR do. */
export const anonymousTokens: RequestListener = ({ headers, url }, response) => {
  if (url?.startsWith('/token') === true) response.end('{"token":"for-anybody"}');
  else if (headers.authorization === 'Bearer for-anybody') response.end('{}');
  else {
    const realm = `http://${headers.host ?? ''}/token`;
    response.writeHead(401, { 'www-authenticate': `Bearer realm="${realm}",service="r"` }).end();
  }
};
