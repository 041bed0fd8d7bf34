import http, { type IncomingMessage } from 'node:http';
import net from 'node:net';
import { TeaChestError } from '../base/errors.ts';
import { EngineSilence, refusedByEngine } from './engineErrors.ts';

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

export interface ModemOptions {
  readonly agent: http.Agent;
  readonly host: string;
  /** Put before each path: `/v1.41`, or nothing for the engine's own choice. */
  readonly prefix: string;
  readonly signal: AbortSignal;
  /**
   * Milliseconds without a sign of life after which an engine that took the call is given up. Infinity for calls that
   * are silent by nature: a classic engine writes the whole image to its disk before an export's first header.
   */
  readonly patience: number;
  /** Turns what went wrong on the wire into a TeaChestError. */
  readonly explain: (error: unknown) => unknown;
}

const maxErrorBody = 64 * 1024;

/**
 * Carries dockerode's calls, in place of docker-modem. That one waits forever for an answer that breaks off, cannot
 * cancel `inspect` and `get`, and lets DOCKER_HOST win over the endpoint it is given.
 */
export class EngineModem {
  readonly Promise = Promise;
  readonly #options: ModemOptions;

  constructor(options: ModemOptions) {
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
    const silence = new Silence(this.#options.patience);
    const signal = AbortSignal.any([this.#options.signal, silence.signal]);
    try {
      const response = await this.#send(call, signal, silence);
      silence.broken();
      const status = response.statusCode ?? 0;
      if (status < 200 || status > 299) {
        throw refusedByEngine(status, await readText(response, maxErrorBody, silence));
      }
      return call.isStream === true ? response : parseJson(await readText(response, Infinity, silence));
    } catch (error) {
      throw silence.lastedTooLong && !this.#options.signal.aborted ? silence.toError(error) : error;
    } finally {
      silence.end();
    }
  }

  #send(call: DialOptions, signal: AbortSignal, silence: Silence): Promise<IncomingMessage> {
    const { agent, host, prefix } = this.#options;
    const path = prefix + withQuery(call.path, call.options);
    return new Promise((resolve, reject) => {
      const request = http.request({ agent, host, path, method: call.method, signal, headers: authHeaders(call) });
      let answered = false;
      request.on('socket', (socket) => {
        silence.watch(socket);
      });
      request.on('response', (response) => {
        answered = true;
        resolve(response);
      });
      request.on('error', (error) => {
        // Whoever reads the answer is told by the answer that it broke off.
        if (answered) return;
        // A kept connection may have been closed by the other side while it was idle: nothing was answered, ask again.
        if (request.reusedSocket && !signal.aborted) resolve(this.#send(call, signal, silence));
        else reject(error);
      });
      request.end();
    });
  }
}

/** base64url with padding, as Go's URLEncoding has it (moby's API notes, §Authentication). */
function authHeaders({ authconfig }: DialOptions): Record<string, string> {
  if (authconfig === undefined) return {};
  const text = Buffer.from(JSON.stringify(authconfig)).toString('base64');
  return { 'x-registry-auth': text.replaceAll('+', '-').replaceAll('/', '_') };
}

/** Fires its signal once nothing was heard of the engine for too long. */
class Silence {
  readonly #controller = new AbortController();
  readonly #patience: number;
  readonly #timer: NodeJS.Timeout | undefined;
  #socket: net.Socket | undefined;
  #connected = false;

  constructor(patience: number) {
    this.#patience = patience;
    if (patience === Infinity) return;
    this.#timer = setTimeout(() => {
      this.#connected = this.#socket instanceof net.Socket && !this.#socket.connecting;
      this.#controller.abort();
    }, patience);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  get lastedTooLong(): boolean {
    return this.#controller.signal.aborted;
  }

  watch(socket: net.Socket): void {
    this.#socket = socket;
  }

  /** Something was heard. */
  broken(): void {
    this.#timer?.refresh();
  }

  end(): void {
    clearTimeout(this.#timer);
  }

  toError(cause: unknown): EngineSilence {
    return new EngineSilence(this.#patience, this.#connected, cause);
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

async function readText(response: IncomingMessage, limit: number, silence: Silence): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    silence.broken();
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
