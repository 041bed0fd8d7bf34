import * as v from 'valibot';
import { readValue } from '../../core/base/json.ts';
import { pushArguments } from '../push/pushArguments.ts';

/** What a page is of. VS Code keeps it with the page, across restarts of the window. */
const pageSource = v.variant('kind', [
  /** A push, by the ID of its record. `target`: of one of its images alone. */
  v.strictObject({ kind: v.literal('push'), id: v.string(), target: v.exactOptional(v.string()) }),
  v.strictObject({ kind: v.literal('plan'), all: v.pipe(v.array(pushArguments), v.nonEmpty(), v.readonly()) }),
  v.strictObject({ kind: v.literal('layers'), image: v.string() }),
]);

export type PageSource = Readonly<v.InferOutput<typeof pageSource>>;

export function readPageSource(value: unknown): PageSource | undefined {
  return readValue(pageSource, value);
}

/** Pages with the same key show the same. */
export function keyOf(source: PageSource): string {
  return JSON.stringify(source);
}
