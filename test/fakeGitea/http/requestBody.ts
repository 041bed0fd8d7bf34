import { breakConnection } from './breakConnection.ts';
import type { IncomingMessage } from 'node:http';
import { once } from 'node:events';
import type { FaultAction } from './faults.ts';
import type { RequestRecord } from './requestLog.ts';

/** The client or a fault closed the connection during a request. */
export class ConnectionLost extends Error {}

/** A request's body. It can be read in several steps, counts the bytes, and is cut off by a fault. */
export class RequestBody implements AsyncIterable<Buffer> {
  /** Content-Length, 0 where there is no body; NaN for a chunked one. */
  readonly length: number;
  readonly #request: IncomingMessage;
  readonly #record: RequestRecord;
  readonly #fault: FaultAction | undefined;

  constructor(request: IncomingMessage, record: RequestRecord, fault: FaultAction | undefined) {
    const chunked = request.headers['transfer-encoding'] !== undefined;
    this.length = chunked ? Number.NaN : Number(request.headers['content-length'] ?? 0);
    this.#request = request;
    this.#record = record;
    this.#fault = fault;
  }

  get complete(): boolean {
    return this.#request.readableEnded || this.length === 0;
  }

  /** Bytes of the Content-Length that were not read yet; NaN for a chunked body. */
  get unread(): number {
    return this.length - this.#record.bytesReceived;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Buffer, void> {
    if (this.#request.readableEnded) return;
    for await (const chunk of this.#request.iterator({ destroyOnReturn: false })) {
      const allowed = this.#allowed(chunk as Buffer);
      this.#record.bytesReceived += allowed.length;
      if (allowed.length > 0) yield allowed;
      if (this.#record.bytesReceived >= this.#breakingPoint()) await this.#breakOff();
    }
  }

  /** The whole body, but not more than `limit` bytes of it. */
  async upTo(limit: number): Promise<Buffer> {
    const chunks: Buffer[] = [];
    let size = 0;
    for await (const chunk of this) {
      chunks.push(chunk);
      size += chunk.length;
      if (size >= limit) break;
    }
    return Buffer.concat(chunks).subarray(0, limit);
  }

  /** Reads and drops what is left, up to `limit` bytes; true if the body has ended then. */
  async drain(limit: number): Promise<boolean> {
    let left = limit;
    for await (const chunk of this) {
      left -= chunk.length;
      if (left <= 0) break;
    }
    return this.#request.readableEnded;
  }

  #breakingPoint(): number {
    const fault = this.#fault;
    return fault?.kind === 'cutRequest' || fault?.kind === 'stall' ? (fault.afterBytes ?? Infinity) : Infinity;
  }

  #allowed(chunk: Buffer): Buffer {
    const room = this.#breakingPoint() - this.#record.bytesReceived;
    return chunk.length <= room ? chunk : chunk.subarray(0, room);
  }

  async #breakOff(): Promise<never> {
    const { socket } = this.#request;
    if (this.#fault?.kind === 'cutRequest') breakConnection(socket);
    if (!socket.destroyed) await once(socket, 'close');
    throw new ConnectionLost('a fault ended the connection');
  }
}
