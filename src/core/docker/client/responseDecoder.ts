const longestHead = 64 * 1024;
const longestLine = 256;

type Part = 'head' | 'sizeLine' | 'chunk' | 'rest' | 'done';

/**
 * Parses one HTTP/1.1 response (RFC 9112) and gives its body to `onBody`, without a copy: node:http allocates new memory for
 * each read (docs/performance.md). It supports what container engines send: a chunked body, one with a Content-Length, or
 * one that ends with the connection. `push` throws if the bytes are not HTTP.
 */
export class ResponseDecoder {
  readonly #onBody: (bytes: Uint8Array) => void;
  #part: Part = 'head';
  #text = '';
  #status = 0;
  /** Bytes left of the chunk or of the body; Infinity: until the connection ends. */
  #left = 0;

  constructor(onBody: (bytes: Uint8Array) => void) {
    this.#onBody = onBody;
  }

  /** 0 until the head has arrived. */
  get status(): number {
    return this.#status;
  }

  get isSuccess(): boolean {
    return this.#status === 0 || (this.#status >= 200 && this.#status < 300);
  }

  /** Whether the body has arrived whole; `isClosed`: the connection has ended. */
  isComplete(isClosed: boolean): boolean {
    return this.#part === 'done' || (isClosed && this.#part === 'rest' && this.#left === Infinity);
  }

  push(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.byteLength && this.#part !== 'done';) at += this.#step(bytes.subarray(at));
  }

  /** Returns the number of bytes it has consumed. */
  #step(bytes: Uint8Array): number {
    if (this.#part === 'chunk' || this.#part === 'rest') return this.#body(bytes);
    const end = bytes.indexOf(0x0a) + 1;
    const consumed = end === 0 ? bytes.byteLength : end;
    this.#text += Buffer.from(bytes.buffer, bytes.byteOffset, consumed).toString('latin1');
    if (this.#text.length > (this.#part === 'head' ? longestHead : longestLine)) throw new Error('it is no HTTP');
    if (end > 0) this.#line();
    return consumed;
  }

  #body(bytes: Uint8Array): number {
    const part = bytes.subarray(0, Math.min(bytes.byteLength, this.#left));
    this.#onBody(part);
    this.#left -= part.byteLength;
    if (this.#left === 0) this.#part = this.#part === 'chunk' ? 'sizeLine' : 'done';
    return part.byteLength;
  }

  #line(): void {
    if (this.#part === 'head') {
      if (/\r?\n\r?\n$/.test(this.#text)) this.#head();
      return;
    }
    const line = this.#text.trim();
    this.#text = '';
    // The line end after a chunk.
    if (line === '') return;
    const [, size] = /^([0-9a-f]+)(?:\s*;.*)?$/i.exec(line) ?? [];
    if (size === undefined) throw new Error('a chunk of its answer has no length');
    this.#left = Number.parseInt(size, 16);
    // Trailers after the empty chunk are ignored.
    this.#part = this.#left === 0 ? 'done' : 'chunk';
  }

  #head(): void {
    const [, status] = /^HTTP\/1\.[01] (\d{3})\b/.exec(this.#text) ?? [];
    if (status === undefined) throw new Error('it is no HTTP');
    const isChunked = /^transfer-encoding:.*\bchunked\s*$/im.test(this.#text);
    const [, length] = /^content-length:\s*(\d+)\s*$/im.exec(this.#text) ?? [];
    this.#text = '';
    // An interim response (RFC 9110 §15.2).
    if (status.startsWith('1')) return;
    this.#status = Number(status);
    this.#left = length === undefined ? Infinity : Number(length);
    this.#part = isChunked ? 'sizeLine' : this.#left === 0 ? 'done' : 'rest';
  }
}
