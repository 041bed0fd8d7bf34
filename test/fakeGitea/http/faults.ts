import type { Reply } from './reply.ts';

/** What goes wrong. Byte counts are of the body, on its way in or out. */
export type FaultAction =
  /** The connection ends before anything is read. */
  | { readonly kind: 'reset' }
  /** The request is worked on, then the connection ends once exactly this much of its body has been taken. */
  | { readonly kind: 'cutRequest'; readonly afterBytes: number }
  /** The head and this much of the answer's body go out, then the connection ends. */
  | { readonly kind: 'cutReply'; readonly afterBytes: number }
  /** Nothing more is read or written; without `afterBytes` the request is not even looked at. */
  | { readonly kind: 'stall'; readonly afterBytes?: number }
  /** This answer instead of Gitea's; Gitea never sees the request. */
  | { readonly kind: 'answer'; readonly reply: Reply }
  /** Gitea does all the work, and the answer is lost. */
  | { readonly kind: 'loseAnswer' }
  | { readonly kind: 'delay'; readonly ms: number }
  /** nginx's client_max_body_size: a Content-Length above it is answered 413 with HTML. Smaller requests pass uncounted. */
  | { readonly kind: 'bodyLimit'; readonly bytes: number }
  /** Every registry token issued so far is void; the request itself then goes on. */
  | { readonly kind: 'expireTokens' };

export interface Fault {
  /** Any method if absent. */
  readonly method?: string;
  /** Tested against the path with its query; any if absent. */
  readonly path?: RegExp;
  /** How many matching requests pass unharmed before the first that does not; 0 by default. */
  readonly skip?: number;
  /** How many matching requests it meets; once by default, `Infinity` for all. */
  readonly times?: number;
  readonly action: FaultAction;
  /** Called when it strikes. */
  readonly onStrike?: () => void;
}

export interface FaultHandle {
  /** How often it struck. */
  readonly strikes: number;
  remove(): void;
}

interface ArmedFault {
  readonly fault: Fault;
  seen: number;
  strikes: number;
}

/** The faults that wait for a request; each request meets at most one, the oldest that matches. */
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

  /** The fault that this request meets; counts it. */
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
