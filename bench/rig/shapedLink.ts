import { createConnection, createServer, type AddressInfo, type Socket } from 'node:net';
import { PassThrough } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';

export interface LinkShape {
  /** In each direction, shared by all connections. */
  readonly bytesPerSecond: number;
  /** One way, milliseconds: a round trip takes twice that. */
  readonly delayMs: number;
  /**
   * False: a sender has to wait, as on a slow line. True: everything is read at once, as by a gateway or a server that
   * buffers a body before it stores it slowly.
   */
  readonly buffers: boolean;
}

/** A slow link to a server: a TCP proxy on loopback. */
export interface ShapedLink {
  /** `127.0.0.1:port`, to be used instead of the server's own. */
  readonly host: string;
  /** Bytes that went to the server, of all connections. */
  readonly bytesUp: number;
  close(): Promise<void>;
}

/** What is sent is cut into pieces of this many bytes at most, so that connections share the line fairly. */
const pieceBytes = 16 * 1024;
/** Timers are no finer than a millisecond: a piece waits only if the line is busy for longer than this, ms. */
const tolerance = 2;
/** More bytes than any sender has. */
const endless = 2 ** 50;

/** One direction of the line: a piece leaves when those before it have left. */
class Lane {
  readonly #bytesPerMs: number;
  #freeAt = 0;
  bytes = 0;

  constructor(bytesPerSecond: number) {
    this.#bytesPerMs = bytesPerSecond / 1000;
  }

  /** Resolves when so many bytes have been put on the line. */
  async pass(bytes: number): Promise<void> {
    this.bytes += bytes;
    const now = performance.now();
    this.#freeAt = Math.max(now, this.#freeAt) + bytes / this.#bytesPerMs;
    const wait = this.#freeAt - now;
    if (wait > tolerance) await sleep(wait);
  }
}

/** A TCP proxy in front of `server` (`host:port`). */
export async function startShapedLink(server: string, shape: LinkShape): Promise<ShapedLink> {
  const { hostname, port } = new URL(`http://${server}`);
  const [up, down] = [new Lane(shape.bytesPerSecond), new Lane(shape.bytesPerSecond)];
  const sockets = new Set<Socket>();

  const relay = createServer({ allowHalfOpen: true, noDelay: true }, (near) => {
    const far = createConnection({ host: hostname, port: Number(port), allowHalfOpen: true, noDelay: true });
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(socket);
      socket.on('error', () => other.destroy());
      socket.on('close', () => sockets.delete(socket));
    }
    void forward(near, far, up, shape, 2 * shape.delayMs);
    void forward(far, near, down, shape, 0);
  });
  await new Promise<void>((resolve) => relay.listen(0, '127.0.0.1', resolve));
  return {
    host: `127.0.0.1:${(relay.address() as AddressInfo).port}`,
    get bytesUp() {
      return up.bytes;
    },
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => relay.close(resolve));
    },
  };
}

/** `handshake`: how long TCP itself would have taken to connect, ms. */
async function forward(from: Socket, to: Socket, lane: Lane, shape: LinkShape, handshake: number): Promise<void> {
  const waiting = new PassThrough({ highWaterMark: shape.buffers ? endless : pieceBytes });
  // A client that disconnects while its bytes still wait has given up: the rest is not stored.
  from.once('end', () => shape.buffers && waiting.readableLength > 0 && from.destroy(new Error('hung up')));
  from.once('close', () => from.errored !== null && waiting.destroy());
  to.once('close', () => waiting.destroy());
  const arrive = (what: () => void): void => void setTimeout(what, shape.delayMs);
  try {
    await sleep(handshake);
    from.pipe(waiting);
    for await (const chunk of waiting as AsyncIterable<Buffer>) {
      for (let at = 0; at < chunk.byteLength; at += pieceBytes) {
        const piece = chunk.subarray(at, at + pieceBytes);
        await lane.pass(piece.byteLength);
        arrive(() => to.writable && to.write(piece));
      }
    }
    arrive(() => to.end());
  } catch {
    // The connection broke.
    to.destroy();
  }
}
