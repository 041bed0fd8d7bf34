import { TeaChestError } from '../base/errors.ts';
import type { EngineEvent } from './types.ts';

interface Message {
  readonly Action?: string;
  readonly status?: string;
  readonly id?: string;
  readonly Actor?: { readonly ID?: string };
}

/** Reads the engine's events: JSON objects, one a line, cut into chunks anywhere. */
export async function* parseEvents(chunks: AsyncIterable<Buffer>): AsyncGenerator<EngineEvent, void, void> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of chunks) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) if (line.trim() !== '') yield toEvent(line);
  }
}

function toEvent(line: string): EngineEvent {
  try {
    const message = JSON.parse(line) as Message;
    return { action: message.Action ?? message.status ?? '', image: message.Actor?.ID ?? message.id };
  } catch (error) {
    throw new TeaChestError('engineFailed', 'The container engine sent an event that is not JSON.', {
      stage: 'engine',
      cause: error,
    });
  }
}
