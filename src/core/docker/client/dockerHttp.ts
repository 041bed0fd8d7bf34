import type { Readable } from 'node:stream';
import * as l10n from '@vscode/l10n';
import * as v from 'valibot';
import { TeaChestError } from '../../base/errors.ts';
import { parseJsonOrThrow } from '../../base/json.ts';
import type { EngineAgent, EngineAnswer, EngineConnection } from './engineConnections.ts';
import { EngineTimeout, refusedByEngine } from './engineErrors.ts';

/** The call that dockerode makes to its modem, the object that sends its requests. */
interface DialOptions {
  readonly path: string;
  readonly method: string;
  readonly options?: Readonly<Record<string, unknown>>;
  readonly isStream?: boolean;
  /** Credentials for the registry that the engine is to use. */
  readonly authconfig?: object;
  /** The body of the request: an archive. */
  readonly file?: AsyncIterable<Uint8Array>;
}

type DialCallback = (error: unknown, answer: unknown) => void;

export interface DockerHttpOptions {
  readonly agent: EngineAgent;
  readonly host: string;
  /** Before each path: `/v1.41`, or empty for the engine's default. */
  readonly prefix: string;
  readonly signal: AbortSignal;
  /**
   * Milliseconds without a byte from the engine after which a call fails. Infinity for calls that may send nothing for
   * long: events, and a push, whose progress is seen at the registry.
   */
  readonly timeoutMs: number;
  /** Converts any failure into a TeaChestError. */
  readonly explain: (error: unknown) => unknown;
}

const maxErrorBody = 64 * 1024;

/**
 * Sends dockerode's requests, in place of docker-modem, which waits forever for a response that breaks off, cannot cancel
 * `inspect` and `get`, and prefers DOCKER_HOST to the endpoint that it is given.
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
    const read = async ({ body }: EngineAnswer, timeout: InactivityTimeout): Promise<unknown> =>
      parseAnswer(await readText(body, Infinity, timeout));
    return agent.call((connection) => this.#ask(call, connection, read), signal);
  }

  async #ask<T>(
    call: DialOptions,
    connection: EngineConnection,
    read: (answer: EngineAnswer, timeout: InactivityTimeout) => Promise<T>,
  ): Promise<T> {
    const { host, prefix } = this.#options;
    const timeout = new InactivityTimeout(this.#options.timeoutMs, connection);
    const signal = AbortSignal.any([this.#options.signal, timeout.signal]);
    const path = prefix + withQuery(call.path, call.options);
    try {
      const answer = await connection.send({
        ...{ method: call.method, path, signal },
        headers: {
          host,
          ...authHeaders(call),
          ...(call.file !== undefined && { 'content-type': 'application/x-tar' }),
        },
        ...(call.file !== undefined && { body: call.file }),
      });
      timeout.activity();
      const { status, body } = answer;
      if (status < 200 || status > 299) throw refusedByEngine(status, await readText(body, maxErrorBody, timeout));
      return await read(answer, timeout);
    } catch (error) {
      throw timeout.signal.aborted && !this.#options.signal.aborted ? timeout.toError(error) : error;
    } finally {
      timeout.end();
    }
  }
}

/** base64url with padding, as Go's URLEncoding expects (moby's API notes, §Authentication). */
function authHeaders({ authconfig }: DialOptions): Record<string, string> {
  if (authconfig === undefined) return {};
  const text = Buffer.from(JSON.stringify(authconfig)).toString('base64');
  return { 'x-registry-auth': text.replaceAll('+', '-').replaceAll('/', '_') };
}

/** Fires its signal when nothing has arrived from the engine for too long. */
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

/** dockerode ends a path with `?` if a query belongs to it, and expects objects in the query as JSON. */
function withQuery(path: string, options: DialOptions['options']): string {
  if (!path.endsWith('?')) return path;
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(options ?? {})) {
    if (value !== undefined) query.set(name, typeof value === 'string' ? value : JSON.stringify(value));
  }
  return query.size === 0 ? path.slice(0, -1) : path + query.toString();
}

async function readText(body: Readable, limit: number, timeout: InactivityTimeout): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    timeout.activity();
    chunks.push(chunk);
    size += chunk.byteLength;
    if (size >= limit) break;
  }
  return Buffer.concat(chunks).toString('utf8');
}

function parseAnswer(text: string): unknown {
  // The response to a tag call has no body; that of podman 4 is a line feed.
  if (text.trim() === '') return undefined;
  const message = l10n.t('The container engine’s answer is not JSON, so it cannot be understood.');
  return parseJsonOrThrow(v.unknown(), text, (cause) => new TeaChestError('engineFailed', message, { cause }));
}
