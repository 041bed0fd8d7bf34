import type { Readable } from 'node:stream';
import { TeaChestError } from '../../base/errors.ts';
import type { EngineAgent, EngineAnswer, EngineConnection } from './engineConnections.ts';
import { EngineTimeout, refusedByEngine } from './engineErrors.ts';

/** What dockerode asks of its modem. */
interface DialOptions {
  readonly path: string;
  readonly method: string;
  readonly options?: Readonly<Record<string, unknown>>;
  readonly isStream?: boolean;
  /** Credentials for a registry the engine is to speak with. */
  readonly authconfig?: object;
}

type DialCallback = (error: unknown, answer: unknown) => void;

export interface DockerHttpOptions {
  readonly agent: EngineAgent;
  readonly host: string;
  /** Put before each path: `/v1.41`, or nothing for the engine's own choice. */
  readonly prefix: string;
  readonly signal: AbortSignal;
  /**
   * Milliseconds without a sign of life after which an engine that took the call is given up. Infinity for calls that
   * are silent by nature: a classic engine writes the whole image to its disk before an export's first header.
   */
  readonly timeoutMs: number;
  /** Turns what went wrong on the wire into a TeaChestError. */
  readonly explain: (error: unknown) => unknown;
}

const maxErrorBody = 64 * 1024;

/**
 * Carries dockerode's calls, in place of docker-modem. That one waits forever for an answer that breaks off, cannot
 * cancel `inspect` and `get`, and lets DOCKER_HOST win over the endpoint it is given.
 */
export class DockerHttp {
  readonly Promise = Promise;
  readonly #options: DockerHttpOptions;

  constructor(options: DockerHttpOptions) {
    this.#options = options;
  }

  dial(call: DialOptions, callback: DialCallback): void {
    this.#answer(call).then(
      (answer) => {
        callback(null, answer);
      },
      (error: unknown) => {
        callback(this.#options.explain(error), null);
      },
    );
  }

  async #answer(call: DialOptions): Promise<unknown> {
    const { agent, signal } = this.#options;
    if (call.isStream === true) {
      return agent.stream((connection) => this.#ask(call, connection, ({ body }) => Promise.resolve(body)));
    }
    const read = async ({ body }: EngineAnswer, silence: InactivityTimeout): Promise<unknown> =>
      parseJson(await readText(body, Infinity, silence));
    return agent.call((connection) => this.#ask(call, connection, read), signal);
  }

  async #ask<T>(
    call: DialOptions,
    connection: EngineConnection,
    read: (answer: EngineAnswer, silence: InactivityTimeout) => Promise<T>,
  ): Promise<T> {
    const { host, prefix } = this.#options;
    const silence = new InactivityTimeout(this.#options.timeoutMs, connection);
    const signal = AbortSignal.any([this.#options.signal, silence.signal]);
    const path = prefix + withQuery(call.path, call.options);
    try {
      const answer = await connection.send({
        ...{ method: call.method, path, signal },
        headers: { host, ...authHeaders(call) },
      });
      silence.activity();
      const { status, body } = answer;
      if (status < 200 || status > 299) throw refusedByEngine(status, await readText(body, maxErrorBody, silence));
      return await read(answer, silence);
    } catch (error) {
      throw silence.lastedTooLong && !this.#options.signal.aborted ? silence.toError(error) : error;
    } finally {
      silence.end();
    }
  }
}

/** base64url with padding, as Go's URLEncoding has it (moby's API notes, §Authentication). */
function authHeaders({ authconfig }: DialOptions): Record<string, string> {
  if (authconfig === undefined) return {};
  const text = Buffer.from(JSON.stringify(authconfig)).toString('base64');
  return { 'x-registry-auth': text.replaceAll('+', '-').replaceAll('/', '_') };
}

/** Fires its signal once nothing arrived from the engine for too long. */
class InactivityTimeout {
  readonly #controller = new AbortController();
  readonly #timeoutMs: number;
  readonly #timer: NodeJS.Timeout | undefined;
  #connected = false;

  constructor(timeoutMs: number, connection: EngineConnection) {
    this.#timeoutMs = timeoutMs;
    if (timeoutMs === Infinity) return;
    this.#timer = setTimeout(() => {
      this.#connected = connection.isConnected;
      this.#controller.abort();
    }, timeoutMs);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  get lastedTooLong(): boolean {
    return this.#controller.signal.aborted;
  }

  /** Bytes arrived. */
  activity(): void {
    this.#timer?.refresh();
  }

  end(): void {
    clearTimeout(this.#timer);
  }

  toError(cause: unknown): EngineTimeout {
    return new EngineTimeout(this.#timeoutMs, this.#connected, cause);
  }
}

/** dockerode ends a path with `?` where it has a query to add, and expects objects in it as JSON. */
function withQuery(path: string, options: DialOptions['options']): string {
  if (!path.endsWith('?')) return path;
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(options ?? {})) {
    if (value !== undefined) query.set(name, typeof value === 'string' ? value : JSON.stringify(value));
  }
  return query.size === 0 ? path.slice(0, -1) : path + query.toString();
}

async function readText(body: Readable, limit: number, silence: InactivityTimeout): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    silence.activity();
    chunks.push(chunk);
    size += chunk.byteLength;
    if (size >= limit) break;
  }
  return Buffer.concat(chunks).toString('utf8');
}

function parseJson(text: string): unknown {
  // A name given to an image is answered with nothing but a status.
  if (text === '') return undefined;
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new TeaChestError('engineFailed', 'The container engine’s answer is not JSON, so it cannot be understood.', {
      cause: error,
    });
  }
}
