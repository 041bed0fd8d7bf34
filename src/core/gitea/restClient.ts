import * as v from 'valibot';
import type { TeaChestError } from '../base/errors.ts';
import { parseJson } from '../base/json.ts';
import { basicAuthorization, notSignedIn, type ReadCredential } from '../registry/auth/authenticator.ts';
import { header, type RegistryRequest, type RegistryResponse, type Send } from '../registry/http/httpTypes.ts';
import { explainRestError } from './explainRestError.ts';

export interface ApiCall {
  readonly signal: AbortSignal;
}

/** One page of a list. `total`: the number of rows of all pages, if the server says it. */
export interface RestPage<T> {
  readonly rows: readonly T[];
  readonly total: number | undefined;
}

interface ListOptions {
  /** Completes “… could not”. */
  readonly attempt: string;
  /** 403 and 404 give no rows, and no error. */
  readonly tolerant?: boolean;
}

const pageSize = 50; // Gitea's default maximum; a server may have a lower one

/** Bounds a server that sends new rows forever. */
const maxPages = 10_000;

/**
 * Requests to the REST API of Gitea and Forgejo (docs/gitea.md §4). Not a generated client: a dozen calls do not need its
 * thousands of lines.
 */
export class RestClient {
  readonly #send: Send;
  readonly #webRoot: (signal: AbortSignal) => Promise<string>;
  readonly #credential: ReadCredential;

  constructor(options: {
    readonly send: Send;
    readonly webRoot: (signal: AbortSignal) => Promise<string>;
    readonly credential: ReadCredential;
  }) {
    this.#send = options.send;
    this.#webRoot = options.webRoot;
    this.#credential = options.credential;
  }

  /** `path` is what follows `/api/v1/`, encoded. */
  async get(path: string, call: ApiCall): Promise<RegistryResponse> {
    return this.#request('GET', path, call);
  }

  /** A second DELETE of the same thing is 404, which callers take as done. */
  async delete(path: string, call: ApiCall): Promise<RegistryResponse> {
    return this.#request('DELETE', path, call);
  }

  /** Sent once: what a lost answer has done cannot be seen by sending it again. */
  async post(path: string, call: ApiCall): Promise<RegistryResponse> {
    return this.#request('POST', path, call, { retry: 'never' });
  }

  async errorOf(response: RegistryResponse, attempt: string, { signal }: ApiCall): Promise<TeaChestError> {
    return explainRestError(response, attempt, await this.#webRoot(signal));
  }

  /** The pages of a list, from `firstPage`. Each page is requested when the former one was read. */
  async *pages<T>(
    path: string,
    row: v.GenericSchema<unknown, T>,
    options: ListOptions,
    call: ApiCall,
  ): AsyncGenerator<RestPage<T>, void, void> {
    let previous: Buffer | undefined;
    let count = 0;
    for (let page = 1; page <= maxPages; page++) {
      const response = await this.get(`${path}${path.includes('?') ? '&' : '?'}page=${page}&limit=${pageSize}`, call);
      if (options.tolerant === true && (response.status === 403 || response.status === 404)) return;
      // Gitea 1.20 writes a list of no teams as null, as Go does with an empty slice.
      const list = response.status === 200 ? parseJson(v.nullable(v.array(row)), response.body) : undefined;
      if (list === undefined) throw await this.errorOf(response, options.attempt, call);
      const rows = list ?? [];
      // A server that ignores `page` sends the same page forever.
      if (rows.length === 0 || previous?.equals(response.body) === true) return;
      previous = response.body;
      count += rows.length;
      const total = Number(header(response, 'x-total-count') ?? NaN);
      yield { rows, total: Number.isSafeInteger(total) ? total : undefined };
      if (count >= total) return;
    }
  }

  async #request(
    method: RegistryRequest['method'],
    path: string,
    { signal }: ApiCall,
    options: Pick<RegistryRequest, 'retry'> = {},
  ): Promise<RegistryResponse> {
    const webRoot = await this.#webRoot(signal);
    const credential = await this.#credential();
    if (credential === undefined) throw notSignedIn(new URL(webRoot).host);
    // Basic accepts a token as the password, so that both kinds of secret work.
    const headers = { authorization: basicAuthorization(credential), accept: 'application/json' };
    return this.#send({ method, url: new URL(`${webRoot}/api/v1/${path}`), headers, signal, ...options });
  }
}
