import * as l10n from '@vscode/l10n';
import * as v from 'valibot';
import { TeaChestError } from '../../base/errors.ts';
import { lenient, parseJsonOrThrow } from '../../base/json.ts';
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
    if (rest.length > longestLine) throw unreadable(l10n.t('The container engine sent an event that does not end.'));
    for (const line of lines) if (line.trim() !== '') yield toEvent(line);
  }
}

const event = v.fallback(
  v.object({
    Action: lenient(v.string()),
    Actor: lenient(v.object({ ID: lenient(v.string()) })),
    // API 1.21 and older
    status: lenient(v.string()),
    id: lenient(v.string()),
  }),
  {},
);

function toEvent(line: string): EngineEvent {
  const { Action, Actor, status, id } = parseJsonOrThrow(event, line, (cause) =>
    unreadable(l10n.t('The container engine sent an event that is not JSON.'), cause),
  );
  return { action: Action ?? status ?? '', image: Actor?.ID ?? id };
}

function unreadable(message: string, cause?: unknown): TeaChestError {
  return new TeaChestError('engineFailed', message, { stage: 'engine', cause });
}
