import type { Fault } from '../fakeGitea/http/faults.ts';
import { badGateway, gatewayTimeout, nginxReply, tooManyRequests } from '../fakeGitea/http/proxyReplies.ts';

/** Repeatable random numbers: a linear congruential generator (Numerical Recipes). */
export class Chance {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** A whole number from 0 up to, and without, `limit`. */
  below(limit: number): number {
    this.#state = (Math.imul(this.#state, 1664525) + 1013904223) >>> 0;
    return Math.floor((this.#state / 2 ** 32) * limit);
  }

  pick<T>(from: readonly [T, ...T[]]): T {
    return from[this.below(from.length)] ?? from[0];
  }
}

/** Transient faults: a push must succeed with each of them. */
const transient: readonly [Fault, ...Fault[]] = [
  { action: { kind: 'reset' } },
  { action: { kind: 'delay', ms: 30 } },
  { action: { kind: 'expireTokens' } },
  { action: { kind: 'answer', reply: badGateway() } },
  { action: { kind: 'answer', reply: gatewayTimeout() } },
  { action: { kind: 'answer', reply: nginxReply(503, 'Service Temporarily Unavailable') } },
  { action: { kind: 'answer', reply: tooManyRequests(1) } },
  { method: 'PATCH', action: { kind: 'cutRequest', afterBytes: 20_000 } },
  { method: 'PATCH', action: { kind: 'loseAnswer' } },
  { method: 'PUT', action: { kind: 'loseAnswer' } },
  { method: 'GET', action: { kind: 'cutReply', afterBytes: 10 } },
  { method: 'PUT', action: { kind: 'answer', reply: { status: 500 } } },
];

/** A fault for one of the next requests, but not a DELETE: the cleanup is not repeated. */
export function someFault(chance: Chance): Fault {
  const fault = chance.pick(transient);
  return { method: chance.pick(['GET', 'HEAD', 'POST', 'PATCH', 'PUT']), ...fault, skip: chance.below(20) };
}
