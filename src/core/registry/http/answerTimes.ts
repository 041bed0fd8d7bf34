import type { Send } from './httpTypes.ts';

/** Reports how many milliseconds the answers to requests without a body take: the shortest is about one round trip. */
export function withAnswerTimes(send: Send, onAnswer: ((ms: number) => void) | undefined, now: () => number): Send {
  if (onAnswer === undefined) return send;
  return async (request) => {
    const began = now();
    const response = await send(request);
    if (request.body === undefined && request.stream !== true) onAnswer(now() - began);
    return response;
  };
}
