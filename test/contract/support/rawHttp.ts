import { Agent as HttpAgent, request as httpRequest, type IncomingHttpHeaders, type RequestOptions } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';

export interface RawRequest {
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | string;
}

export interface RawAnswer {
  readonly status: number;
  /** Several values of one header are joined with a comma, except those that Node returns as a list. */
  readonly headers: IncomingHttpHeaders;
  /** Every value of a header, not joined, in the order of arrival. */
  values(name: string): string[];
  readonly body: Buffer;
  readonly text: string;
}

interface RawHttpOptions {
  readonly ca?: string | undefined;
  /**
   * Sends a request again by another connection if the one that it was sent by had been used before and was closed by
   * then, as Forgejo ≥ 14.0.3 closes it after it has refused credentials.
   */
  readonly resends?: boolean;
}

/** Plain requests over kept-alive connections: no redirects, no retries, paths exactly as given. */
export class RawHttp {
  readonly origin: string;
  readonly #agent: HttpAgent;
  readonly #ca: string | undefined;
  readonly #resends: boolean;

  constructor(origin: string, options: RawHttpOptions = {}) {
    this.origin = origin;
    this.#resends = options.resends === true;
    this.#ca = options.ca;
    this.#agent = origin.startsWith('https:')
      ? new HttpsAgent({ keepAlive: true })
      : new HttpAgent({ keepAlive: true });
  }

  get host(): string {
    return new URL(this.origin).host;
  }

  /** Rejects only if the connection ends before a whole answer came. */
  async request(method: string, path: string, { headers = {}, body }: RawRequest = {}): Promise<RawAnswer> {
    const length = body === undefined ? {} : { 'Content-Length': String(Buffer.byteLength(body)) };
    const request = this.#open(method, path, { ...length, ...headers });
    return new Promise((resolve, reject) => {
      let isAnswered = false;
      // After the answer it has no effect: the server need not read the whole body.
      request.on('error', (error) => {
        if (this.#resends && request.reusedSocket && !isAnswered)
          resolve(this.request(method, path, { headers, ...(body !== undefined && { body }) }));
        else reject(error);
      });
      request.on('response', (response) => {
        isAnswered = true;
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () => {
          const bytes = Buffer.concat(chunks);
          const { statusCode = 0, headers: received, rawHeaders } = response;
          const values = (name: string): string[] =>
            rawHeaders.filter((_, index) => index % 2 === 1 && rawHeaders[index - 1]?.toLowerCase() === name);
          resolve({ status: statusCode, headers: received, values, body: bytes, text: bytes.toString('utf8') });
        });
      });
      request.end(body);
    });
  }

  /** Announces `announced` bytes, sends the first of them and drops the connection. */
  async tear(
    method: string,
    path: string,
    { headers, sent, announced }: { headers: Record<string, string>; sent: Uint8Array; announced: number },
  ): Promise<void> {
    const request = this.#open(method, path, { ...headers, 'Content-Length': String(announced) });
    request.on('error', () => undefined); // we destroy it below
    await new Promise<void>((resolve, reject) => {
      request.write(sent, (error) => {
        if (error) reject(error);
        else resolve();
      });
    });
    const closed = new Promise((resolve) => request.once('close', resolve));
    request.destroy();
    await closed;
  }

  close(): void {
    this.#agent.destroy();
  }

  #open(method: string, path: string, headers: Record<string, string>): ReturnType<typeof httpRequest> {
    const { protocol, hostname, port } = new URL(this.origin);
    const options: RequestOptions = { method, path, headers, hostname, port, agent: this.#agent };
    return protocol === 'https:'
      ? httpsRequest({ ...options, ...(this.#ca === undefined ? {} : { ca: this.#ca }) })
      : httpRequest(options);
  }
}

export function basic(username: string, secret: string): Record<string, string> {
  return { Authorization: `Basic ${Buffer.from(`${username}:${secret}`).toString('base64')}` };
}

export function bearer(token: string): Record<string, string> {
  return { Authorization: `Bearer ${token}` };
}
