import type { UploadOptions } from '../../ports/blobTarget.ts';
import type { RequestBody } from '../http/httpTypes.ts';
import type { RepositoryContext } from '../repositoryContext.ts';

/**
 * Bytes that the kernel may take from us before the other side has them: Linux' usual limit (the third value of `tcp_wmem`).
 * The limits of macOS and Windows are not higher.
 */
const kernelBuffer = 4 * 1024 * 1024;
/** A body must be much larger than that: otherwise it does not show how fast the buffer is emptied. */
const leastMeasured = 2 * kernelBuffer;

type PhaseOptions = Pick<UploadOptions, 'onPhase'> & Pick<RepositoryContext, 'timing' | 'shortestAnswer'>;

/**
 * Sends a request, and reports its phases. `answer` begins when the buffers of this machine are surely empty, and the time of
 * the shortest answer is over: what remains is the registry's own time. For a body that may fit into the buffers that is
 * not known here, and it stays `written`. After the answer nothing is reported: a registry may answer before it has read the
 * body, whose rest is then still written.
 */
export async function withPhases<T>(
  body: RequestBody | undefined,
  { onPhase, timing, shortestAnswer }: PhaseOptions,
  send: (body: RequestBody | undefined) => Promise<T>,
): Promise<T> {
  if (onPhase === undefined) return await send(body);
  let timer: NodeJS.Timeout | undefined;
  let isOver = false;
  const written = (drainMs: number | undefined): void => {
    if (isOver) return;
    clearTimeout(timer);
    onPhase('written');
    if (drainMs === undefined) return;
    timer = setTimeout(
      () => {
        onPhase('answer');
      },
      drainMs + (shortestAnswer?.() ?? 0),
    );
  };
  try {
    if (body === undefined) {
      written(0);
      return await send(undefined);
    }
    let began = 0;
    const onOpen = (): void => {
      if (isOver) return;
      clearTimeout(timer);
      began = timing.now();
      onPhase('sending');
    };
    const onEnd = (): void => {
      written(drainTime(body.length, timing.now() - began));
    };
    return await send({ ...body, open: () => watch(body.open(), onOpen, onEnd) });
  } finally {
    isOver = true;
    clearTimeout(timer);
    onPhase(undefined);
  }
}

/** `sendingMs`: until the last byte was written, at the rate at which the bytes before it left the buffer. */
function drainTime(length: number, sendingMs: number): number | undefined {
  return length < leastMeasured ? undefined : (kernelBuffer * sendingMs) / (length - kernelBuffer);
}

/** The same pieces. undici asks for the end when the last one was written (see RequestBody.open). */
async function* watch(
  pieces: AsyncIterable<Uint8Array>,
  onOpen: () => void,
  onEnd: () => void,
): AsyncGenerator<Uint8Array> {
  onOpen();
  yield* pieces;
  onEnd();
}
