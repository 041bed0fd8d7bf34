import type { Reply } from './reply.ts';

/** A fault. Byte counts are of the body of the request or the response. */
export type FaultAction =
  /** The connection is closed before anything is read. */
  | { readonly kind: 'reset' }
  /** The request is handled, and the connection is closed after exactly so many bytes of its body. */
  | { readonly kind: 'cutRequest'; readonly afterBytes: number }
  /** The connection is closed after the head and so many bytes of the response's body. */
  | { readonly kind: 'cutReply'; readonly afterBytes: number }
  /** Nothing more is read or written; without `afterBytes` the request is not handled. */
  | { readonly kind: 'stall'; readonly afterBytes?: number }
  /** This response instead of Gitea's, which does not get the request. */
  | { readonly kind: 'answer'; readonly reply: Reply }
  /** Gitea handles the request, and the response is lost. */
  | { readonly kind: 'loseAnswer' }
  | { readonly kind: 'delay'; readonly ms: number }
  /** nginx's client_max_body_size: a Content-Length above it is answered 413 with HTML. Smaller requests are not counted. */
  | { readonly kind: 'bodyLimit'; readonly bytes: number }
  /** All registry tokens issued so far become invalid, and then the request is handled. */
  | { readonly kind: 'expireTokens' };

export interface Fault {
  /** Any method if absent. */
  readonly method?: string;
  /** Tested against the path with its query; any if absent. */
  readonly path?: RegExp;
  /** How many matching requests are handled normally before the first fault; 0 by default. */
  readonly skip?: number;
  /** How many matching requests get the fault; 1 by default, `Infinity` for all. */
  readonly times?: number;
  readonly action: FaultAction;
  /** Called at each fault. */
  readonly onStrike?: () => void;
}

export interface FaultHandle {
  /** How many requests have got it. */
  readonly strikes: number;
  remove(): void;
}

interface ArmedFault {
  readonly fault: Fault;
  seen: number;
  strikes: number;
}

/** The faults for coming requests. Each request gets at most one, the oldest that matches. */
export class Faults {
  #armed: ArmedFault[] = [];

  add(fault: Fault): FaultHandle {
    const armed = { fault, seen: 0, strikes: 0 };
    this.#armed.push(armed);
    return {
      get strikes() {
        return armed.strikes;
      },
      remove: () => {
        this.#armed = this.#armed.filter((other) => other !== armed);
      },
    };
  }

  clear(): void {
    this.#armed = [];
  }

  /** The fault for this request, which is counted. */
  take(method: string, path: string, contentLength: number): FaultAction | undefined {
    for (const armed of this.#armed) {
      const { fault } = armed;
      if (!matches(fault, method, path, contentLength) || armed.strikes >= (fault.times ?? 1)) continue;
      if (++armed.seen <= (fault.skip ?? 0)) continue;
      armed.strikes++;
      fault.onStrike?.();
      return fault.action;
    }
    return undefined;
  }
}

function matches(fault: Fault, method: string, path: string, contentLength: number): boolean {
  if (fault.method !== undefined && fault.method !== method) return false;
  if (fault.path?.test(path) === false) return false;
  return fault.action.kind !== 'bodyLimit' || contentLength > fault.action.bytes;
}
