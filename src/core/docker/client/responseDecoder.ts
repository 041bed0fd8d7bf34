const longestHead = 64 * 1024;
const longestLine = 256;

type Place = 'head' | 'sizeLine' | 'chunk' | 'rest' | 'done';

/**
 * Reads one HTTP/1.1 answer (RFC 9112) and shows the bytes of its body, without copying them, to `onBody`. Knows what a
 * container engine sends: a body in chunks, of a told length, or to the connection's end. `push` throws if it is no HTTP.
 */
export class ResponseDecoder {
  readonly #onBody: (bytes: Uint8Array) => void;
  #place: Place = 'head';
  #text = '';
  #status = 0;
  /** Bytes to come of the chunk, or of the body; Infinity: to the connection's end. */
  #left = 0;

  constructor(onBody: (bytes: Uint8Array) => void) {
    this.#onBody = onBody;
  }

  /** 0 until the head has come. */
  get status(): number {
    return this.#status;
  }

  get isSuccess(): boolean {
    return this.#status === 0 || (this.#status >= 200 && this.#status < 300);
  }

  /** Whether the body is all there, `isClosed` telling whether anything may still come. */
  isComplete(isClosed: boolean): boolean {
    return this.#place === 'done' || (isClosed && this.#place === 'rest' && this.#left === Infinity);
  }

  push(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.byteLength && this.#place !== 'done';) at += this.#step(bytes.subarray(at));
  }

  /** Gives how many of the bytes it took. */
  #step(bytes: Uint8Array): number {
    if (this.#place === 'chunk' || this.#place === 'rest') return this.#body(bytes);
    const end = bytes.indexOf(0x0a) + 1;
    const taken = end === 0 ? bytes.byteLength : end;
    this.#text += Buffer.from(bytes.buffer, bytes.byteOffset, taken).toString('latin1');
    if (this.#text.length > (this.#place === 'head' ? longestHead : longestLine)) throw new Error('it is no HTTP');
    if (end > 0) this.#line();
    return taken;
  }

  #body(bytes: Uint8Array): number {
    const part = bytes.subarray(0, Math.min(bytes.byteLength, this.#left));
    this.#onBody(part);
    this.#left -= part.byteLength;
    if (this.#left === 0) this.#place = this.#place === 'chunk' ? 'sizeLine' : 'done';
    return part.byteLength;
  }

  #line(): void {
    if (this.#place === 'head') {
      if (/\r?\n\r?\n$/.test(this.#text)) this.#head();
      return;
    }
    const line = this.#text.trim();
    this.#text = '';
    // The end of the line on which the last chunk ended.
    if (line === '') return;
    const [, size] = /^([0-9a-f]+)(?:\s*;.*)?$/i.exec(line) ?? [];
    if (size === undefined) throw new Error('a chunk of its answer has no length');
    this.#left = Number.parseInt(size, 16);
    // What may follow an empty chunk says nothing of the body.
    this.#place = this.#left === 0 ? 'done' : 'chunk';
  }

  #head(): void {
    const [, status] = /^HTTP\/1\.[01] (\d{3})\b/.exec(this.#text) ?? [];
    if (status === undefined) throw new Error('it is no HTTP');
    const isChunked = /^transfer-encoding:.*\bchunked\s*$/im.test(this.#text);
    const [, length] = /^content-length:\s*(\d+)\s*$/im.exec(this.#text) ?? [];
    this.#text = '';
    // "Wait, there will be an answer" (RFC 9110 §15.2).
    if (status.startsWith('1')) return;
    this.#status = Number(status);
    this.#left = length === undefined ? Infinity : Number(length);
    this.#place = isChunked ? 'sizeLine' : this.#left === 0 ? 'done' : 'rest';
  }
}
