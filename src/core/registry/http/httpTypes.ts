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
  /** `never`: the answer is needed now (sign-in), or the caller decides about another try (uploads). */
  readonly retry?: 'never';
  /** What a token must allow, as scopes of the distribution spec: `repository:owner/app:pull,push`. */
  readonly scopes?: readonly string[];
  /** True: the body of a 200 is handed out while it arrives, as `stream`. */
  readonly stream?: boolean;
}

/** The body of a request. */
export interface RequestBody {
  readonly length: number;
  /** True: each try opens it again. False: it can be opened once, so the request is never repeated. */
  readonly replayable: boolean;
  /** Called for each piece once its memory is not read any more; only for a body that is not replayable. */
  readonly onWritten?: ((piece: Uint8Array) => void) | undefined;
  /**
   * A piece may use memory that an earlier one used, if it is of 64 KiB or more or the last one: such a piece was written
   * before the next one is asked for. (Smaller ones a socket may collect, up to its high-water mark.)
   */
  open(): AsyncIterable<Uint8Array>;
}

/** An answer: whole, or, if a stream was asked for and the status is 200, its head and a stream of its body. */
export interface RegistryResponse {
  readonly status: number;
  readonly headers: ResponseHeaders;
  /** At most `maxBodyBytes` of transport.ts; empty where there is a `stream`. */
  readonly body: Buffer;
  /** Must be read or closed: it keeps its connection until then. */
  readonly stream?: ResponseStream;
  /** The URL that answered, after redirects. A Location is relative to it. */
  readonly url: URL;
}

/**
 * The bytes of an answer while they arrive, to be read once. Leaving the loop closes the connection. Rejects with
 * `registryUnreachable` if the connection breaks, or brings too little for too long.
 */
export interface ResponseStream extends AsyncIterable<Uint8Array> {
  /** Closes the connection of an answer that is not read. */
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
    replayable: true,
    // eslint-disable-next-line @typescript-eslint/require-await -- the interface is asynchronous, the bytes are in memory
    async *open() {
      yield bytes;
    },
  };
}
