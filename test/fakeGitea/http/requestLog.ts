import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';

/** One request as it was seen. Never holds a secret. */
export interface RequestRecord {
  readonly method: string;
  /** With the query, as it came. */
  readonly path: string;
  /** All but the ones that carry credentials. */
  readonly headers: IncomingHttpHeaders;
  readonly authorization: 'none' | 'basic' | 'bearer' | 'token' | 'other';
  /** True for what came to the object store instead of Gitea. */
  readonly toStorage: boolean;
  /** Bytes of the body that were read so far. */
  bytesReceived: number;
  /** Undefined while it runs, and for good if the connection ended without an answer. */
  status: number | undefined;
  /** `open` until the answer is written; `cut` where there was none. */
  outcome: 'open' | 'answered' | 'cut';
  /** The kind of the fault that met it. */
  fault: string | undefined;
}

const secretHeaders = ['authorization', 'cookie', 'proxy-authorization', 'x-gitea-otp', 'x-forgejo-otp'];

export class RequestLog {
  readonly #records: RequestRecord[] = [];

  get records(): readonly RequestRecord[] {
    return this.#records;
  }

  /** Of all bodies, in bytes. */
  get bytesReceived(): number {
    return this.#records.reduce((sum, record) => sum + record.bytesReceived, 0);
  }

  begin(request: IncomingMessage, toStorage: boolean): RequestRecord {
    const record: RequestRecord = {
      method: request.method ?? '',
      path: request.url ?? '',
      headers: Object.fromEntries(Object.entries(request.headers).filter(([name]) => !secretHeaders.includes(name))),
      authorization: authorizationKind(request.headers.authorization),
      toStorage,
      bytesReceived: 0,
      status: undefined,
      outcome: 'open',
      fault: undefined,
    };
    this.#records.push(record);
    return record;
  }

  clear(): void {
    this.#records.length = 0;
  }
}

function authorizationKind(header: string | undefined): RequestRecord['authorization'] {
  if (header === undefined) return 'none';
  const scheme = (header.split(' ')[0] ?? '').toLowerCase();
  return scheme === 'basic' || scheme === 'bearer' || scheme === 'token' ? scheme : 'other';
}
