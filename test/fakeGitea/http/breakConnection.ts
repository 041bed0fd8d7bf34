import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';

/** Ends a connection in the middle: with a reset where the socket can send one, which a TLS socket cannot. */
export function breakConnection(socket: Socket): void {
  if (socket instanceof TLSSocket) socket.destroy();
  else socket.resetAndDestroy();
}
