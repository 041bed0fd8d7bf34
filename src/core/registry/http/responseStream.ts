import type { Readable } from 'node:stream';
import * as l10n from '@vscode/l10n';
import { TeaChestError } from '../../base/errors.ts';
import type { ResponseStream } from './httpTypes.ts';
import { describeFailure, transportFailure } from './transportFailure.ts';

const mebibyte = 1024 * 1024;

export interface ResponseStreamOptions {
  /** Where the answer comes from. */
  readonly url: URL;
  readonly signal: AbortSignal;
  /**
   * Milliseconds of waiting after which a mebibyte, or what is left of the answer, must be there. The time that the
   * reader takes for itself does not count.
   */
  readonly timePerMiB: number;
}

/** Hands out the body of an answer while it arrives: at most undici's buffer of 64 KiB of it is in memory. */
export function streamResponse(body: Readable, { url, signal, timePerMiB }: ResponseStreamOptions): ResponseStream {
  // An answer that is closed, or breaks, before it is read has no other listener.
  body.on('error', () => undefined);
  return {
    close: () => void body.destroy(),
    async *[Symbol.asyncIterator]() {
      let total = 0;
      try {
        for await (const piece of withinTime(body, timePerMiB)) {
          total += piece.byteLength;
          yield piece;
        }
      } catch (error) {
        throw brokenResponse(error, url, signal, total);
      }
    },
  };
}

/** Ends an answer that takes too long, as undici does if nothing comes at all. */
export function destroyAfter(body: Readable, ms: number): NodeJS.Timeout {
  return setTimeout(() => {
    body.destroy(Object.assign(new Error('the answer did not come in time'), { code: 'UND_ERR_BODY_TIMEOUT' }));
  }, ms);
}

async function* withinTime(body: Readable, timePerMiB: number): AsyncGenerator<Uint8Array, void, void> {
  const pieces = (body as AsyncIterable<Uint8Array>)[Symbol.asyncIterator]();
  let waited = 0;
  let came = 0;
  try {
    for (;;) {
      const began = performance.now();
      const timer = destroyAfter(body, timePerMiB - waited);
      const next = await pieces.next().finally(() => {
        clearTimeout(timer);
      });
      if (next.done === true) return;
      waited += performance.now() - began;
      came += next.value.byteLength;
      if (came >= mebibyte) [waited, came] = [0, 0];
      yield next.value;
    }
  } finally {
    // Ends the connection, unless all of the answer has come: then that stays open for the next request.
    body.destroy();
  }
}

function brokenResponse(error: unknown, url: URL, signal: AbortSignal, total: number): TeaChestError {
  const failure = transportFailure(error, url, signal);
  if (failure.code !== 'registryUnreachable') return failure;
  const why =
    failure.facts.system === 'UND_ERR_BODY_TIMEOUT'
      ? l10n.t({
          message: 'then nothing, or too little, came for too long',
          comment: 'After a colon, in “{host} gave only the first {total} bytes of an answer: …”',
        })
      : describeFailure(error);
  return new TeaChestError(
    'registryUnreachable',
    l10n.t({
      message: '{host} gave only the first {total} bytes of an answer: {why}.',
      args: { host: url.host, total, why },
      comment: '{why}: such as “it closed the connection”',
    }),
    { cause: error, facts: failure.facts },
  );
}
