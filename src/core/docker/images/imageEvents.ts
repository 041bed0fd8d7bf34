import { TeaChestError } from '../../base/errors.ts';
import { member, text } from '../client/looseJson.ts';
import type { EngineEvent } from '../types.ts';

/** An event has some hundred bytes; its labels may make it longer. Characters. */
const longestLine = 4 * 1024 * 1024;

/** Reads the engine's events: JSON objects, one a line, cut into chunks anywhere. */
export async function* parseEvents(chunks: AsyncIterable<Buffer>): AsyncGenerator<EngineEvent, void, void> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of chunks) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    if (rest.length > longestLine) throw unreadable('an event that does not end');
    for (const line of lines) if (line.trim() !== '') yield toEvent(line);
  }
}

/** What an engine leaves out, or writes as something else than text, is not said. */
function toEvent(line: string): EngineEvent {
  let message: unknown;
  try {
    message = JSON.parse(line);
  } catch (error) {
    throw unreadable('an event that is not JSON', error);
  }
  const action = text(message, 'Action') ?? text(message, 'status') ?? '';
  return { action, image: text(member(message, 'Actor'), 'ID') ?? text(message, 'id') };
}

function unreadable(what: string, cause?: unknown): TeaChestError {
  return new TeaChestError('engineFailed', `The container engine sent ${what}.`, { stage: 'engine', cause });
}
