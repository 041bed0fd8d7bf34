/** One request to a registry, as the wrappers of `Send` pass it on. */
export interface RegistryRequest {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly url: URL;
  /** Names in lower case. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: RequestBody;
  readonly signal: AbortSignal;
  /** Milliseconds without any progress before the answer's headers; see `timeouts` in transport.ts for the defaults. */
  readonly headersTimeout?: number;
  /** `never`: an answer is wanted now (sign-in), or trying again is the caller's own decision (PATCH). */
  readonly retry?: 'never';
  /** What a token must allow, in the distribution spec's words: `repository:owner/app:pull,push`. */
  readonly scopes?: readonly string[];
  /** True: the bytes of an answer of 200 are wanted as they arrive, in its `stream`. */
  readonly stream?: boolean;
}

/** A body that can be sent again: each try opens it anew, so that no half-consumed stream ever travels. */
export interface RequestBody {
  readonly length: number;
  /** True for bytes that pass by: they can be opened once, so the request is never sent again. */
  readonly once?: boolean;
  /** Of bytes that pass by: told of each piece once its memory is not looked at again. */
  readonly onWritten?: (piece: Uint8Array) => void;
  /**
   * A piece may use memory that an earlier one used, if it is of 64 KiB or more or the last one: such a piece has left
   * before the next one is asked for. (Smaller ones a socket may collect, up to its high-water mark.)
   */
  open(): AsyncIterable<Uint8Array>;
}

/** An answer: whole, or where a stream was asked for and the status is 200, its head and the bytes that follow. */
export interface RegistryResponse {
  readonly status: number;
  readonly headers: ResponseHeaders;
  /** At most `maxBodyBytes` of transport.ts; empty where there is a `stream`. */
  readonly body: Buffer;
  /** Must be read or closed: its connection is in use until then. */
  readonly stream?: AnswerStream;
  /** Where the answer came from, after redirects: Locations are resolved against it. */
  readonly url: URL;
}

/**
 * The bytes of an answer while they arrive, to be read once. Leaving the loop closes the connection. Rejects with
 * `registryUnreachable` if the connection breaks, or brings too little for too long.
 */
export interface AnswerStream extends AsyncIterable<Uint8Array> {
  /** Closes the connection of an answer that nobody reads. */
  close(): void;
}

export type ResponseHeaders = Readonly<Record<string, string | string[] | undefined>>;

/**
 * Sends one request. Rejects with a TeaChestError only when there is no answer at all (`registryUnreachable`,
 * `certificate…`, `proxyFailed`, `cancelled`, or what the body's source threw); every status is an answer.
 */
export type Send = (request: RegistryRequest) => Promise<RegistryResponse>;

/** The value of a header; several of one name are joined as RFC 9110 §5.3 says. */
export function header(response: { readonly headers: ResponseHeaders }, name: string): string | undefined {
  const value = response.headers[name];
  return Array.isArray(value) ? value.join(', ') : value;
}

/** A body that is in memory. */
export function bytesBody(bytes: Uint8Array): RequestBody {
  return {
    length: bytes.byteLength,
    // eslint-disable-next-line @typescript-eslint/require-await -- the shape is asynchronous, these bytes are here
    async *open() {
      yield bytes;
    },
  };
}
