import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';

/** A request in the log, without secrets. */
export interface RequestRecord {
  readonly method: string;
  /** With the query, not decoded. */
  readonly path: string;
  /** Without those that contain credentials. */
  readonly headers: IncomingHttpHeaders;
  readonly authorization: 'none' | 'basic' | 'bearer' | 'token' | 'other';
  /** True for a request to the object store. */
  readonly toStorage: boolean;
  /** Bytes of the body that were read so far. */
  bytesReceived: number;
  /** Undefined while it runs, and if the connection ended without a response. */
  status: number | undefined;
  /** `open` until the answer is written; `cut` where there was none. */
  outcome: 'open' | 'answered' | 'cut';
  /** The kind of the fault that it got. */
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
