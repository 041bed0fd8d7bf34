import { Agent, fetch, type Headers } from 'undici';
import type { RelaySession } from '../../../src/core/relay/relayEndpoint.ts';

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Buffer;
}

export interface RequestParts {
  readonly body?: string | Uint8Array<ArrayBuffer> | ReadableStream;
  readonly headers?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string>>;
}

/** Engines wait for a registry's answer as long as it takes; fetch would give up after five minutes. */
const patient = new Agent({ headersTimeout: 0, bodyTimeout: 0 });

/** Speaks with an open relay as an engine does. */
export class RelayClient {
  readonly origin: string;
  /** The repository's name, as it stands in paths. */
  readonly name: string;
  readonly #authorization: string;

  constructor({ repository, credential }: Pick<RelaySession, 'repository' | 'credential'>) {
    const slash = repository.indexOf('/');
    this.origin = `http://${repository.slice(0, slash)}`;
    this.name = repository.slice(slash + 1);
    this.#authorization = `Basic ${Buffer.from(`${credential.username}:${credential.secret}`).toString('base64')}`;
  }

  /** `path` as it follows the repository's name, or a Location that was given. */
  async ask(method: string, path: string, { body, headers, query }: RequestParts = {}): Promise<Answer> {
    const url = new URL(path.startsWith('/') ? path : `/v2/${this.name}/${path}`, this.origin);
    for (const [key, value] of Object.entries(query ?? {})) url.searchParams.set(key, value);
    // Each request on a connection of its own, as moby's classic client has it.
    const sent = { authorization: this.#authorization, connection: 'close', ...headers };
    const response = await fetch(url, {
      ...{ method, headers: sent, duplex: 'half', body: body ?? null, dispatcher: patient },
    });
    return { status: response.status, headers: response.headers, body: Buffer.from(await response.arrayBuffer()) };
  }

  /** Begins an upload; gives its Location. */
  async begin(): Promise<string> {
    return locationOf(await this.ask('POST', 'blobs/uploads/'));
  }
}

export function locationOf({ headers }: Answer): string {
  return headers.get('location') ?? '';
}

/** The codes of an error answer. */
export function errorCodes({ body }: Answer): string[] {
  return (JSON.parse(body.toString()) as { errors: { code: string; message: string }[] }).errors.map(
    ({ code }) => code,
  );
}
