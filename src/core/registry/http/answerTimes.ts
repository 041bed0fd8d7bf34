import type { Send } from './httpTypes.ts';

/** Reports how many milliseconds the answers to requests without a body take: the shortest is about one round trip. */
export function withAnswerTimes(send: Send, onAnswer: (ms: number) => void, now: () => number): Send {
  return async (request) => {
    const began = now();
    const response = await send(request);
    if (request.body === undefined && request.stream !== true) onAnswer(now() - began);
    return response;
  };
}

/** Keeps the shortest of them. */
export class ShortestAnswer {
  /** Undefined before the first one. */
  ms: number | undefined;
  readonly add: (ms: number) => void;

  constructor(onAnswer: ((ms: number) => void) | undefined) {
    this.add = (ms) => {
      this.ms = Math.min(ms, this.ms ?? Infinity);
      onAnswer?.(ms);
    };
  }
}
