import http from 'node:http';
import type { Socket } from 'node:net';
import type { RegistryRequest, RequestBody } from './messages.ts';

/** Bytes that may wait in a connection before the body is asked for more. */
const mostWaiting = 256 * 1024;
/** Milliseconds for which an idle connection is kept, as undici keeps its own: servers close theirs later. */
const idleTime = 4_000;

/** A request on its way out, with everything about proxies decided. */
export interface PassingRequest {
  /** Scheme, host and port of what to connect to. */
  readonly origin: string;
  readonly path: string;
  readonly method: RegistryRequest['method'];
  readonly headers: Readonly<Record<string, string>>;
  readonly body: RequestBody;
  readonly signal: AbortSignal;
  /** Milliseconds without progress, of the body or of the answer. */
  readonly patience: number;
}

/**
 * Sends bodies that pass by, and says of each piece when it has left: so its memory can be given back at once, where
 * waiting for the garbage collector cost a third of all CPU time. undici says nothing of that, node:http does.
 */
export class PassingClient {
  readonly #open: (target: URL) => Promise<Socket>;
  readonly #agents = new Map<string, http.Agent>();

  constructor(open: (target: URL) => Promise<Socket>) {
    this.#open = open;
  }

  /** Resolves with the answer's head, which may come before the body was sent to its end. */
  async request({ origin, body, patience, ...rest }: PassingRequest): Promise<Answer> {
    const { hostname: host, port } = new URL(origin);
    const request = http.request({ ...rest, host, port, agent: this.#agent(origin) });
    const answer = new Promise<http.IncomingMessage>((resolve, reject) => {
      // Stays for errors after the answer, which are heard by whoever reads that.
      request.once('response', resolve).on('error', reject);
    });
    request.setTimeout(patience, () => {
      request.destroy(Object.assign(new Error('no progress in time'), { code: 'ETIMEDOUT' }));
    });
    void sendBody(request, body).catch((error: unknown) => {
      request.destroy(error instanceof Error ? error : new Error('the body broke off', { cause: error }));
    });
    const response = await answer;
    return {
      statusCode: response.statusCode ?? 0,
      headers: response.headers,
      body: response,
      close: () => {
        // What is left of a body that was not wanted cannot be told apart from the next request.
        if (!request.writableFinished) request.destroy();
      },
    };
  }

  close(): void {
    for (const agent of this.#agents.values()) agent.destroy();
  }

  #agent(origin: string): http.Agent {
    let agent = this.#agents.get(origin);
    if (agent === undefined) {
      agent = new ConnectionAgent(() => this.#open(new URL(origin)));
      this.#agents.set(origin, agent);
    }
    return agent;
  }
}

export interface Answer {
  readonly statusCode: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: AsyncIterable<Uint8Array>;
  /** To be called once the answer has been read. */
  readonly close: () => void;
}

/** Has its connections opened elsewhere: certificates and proxies are judged there. */
class ConnectionAgent extends http.Agent {
  readonly #open: () => Promise<Socket>;

  constructor(open: () => Promise<Socket>) {
    super({ keepAlive: true, timeout: idleTime });
    this.#open = open;
  }

  override createConnection(...[, callback]: Parameters<http.Agent['createConnection']>): undefined {
    this.#open().then(
      (socket) => callback?.(null, socket),
      (error: unknown) => {
        (callback as ((error: Error) => void) | undefined)?.(error as Error);
      },
    );
  }
}

async function sendBody(request: http.ClientRequest, body: RequestBody): Promise<void> {
  let waiting = 0;
  let wake: (() => void) | undefined;
  const go = (): void => {
    wake?.();
  };
  const isOver = (): boolean => request.destroyed;
  request.once('close', go);
  for await (const piece of body.open()) {
    if (isOver()) return;
    const length = piece.byteLength;
    waiting += length;
    request.write(piece, (error) => {
      waiting -= length;
      // Of a connection that broke nobody knows whether it still holds the piece.
      if (error === undefined || error === null) body.onWritten?.(piece);
      if (waiting < mostWaiting) go();
    });
    while (waiting >= mostWaiting && !isOver()) await new Promise<void>((resolve) => (wake = resolve));
  }
  request.end();
}
