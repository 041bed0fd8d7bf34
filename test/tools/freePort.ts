import { createServer, type AddressInfo } from 'node:net';

/** A port that was free a moment ago, for programs that do not report the port that they got. */
export async function freePort(address: string): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, address, resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
