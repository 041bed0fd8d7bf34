import { TeaChestError } from '../../core/base/errors.ts';
import type { Connection } from '../connections/connection.ts';
import type { Target } from '../targets/target.ts';
import type { Owners } from './askPush.ts';

/** An owner that does not exist is mostly one that was mistyped: the failure says which one that may be pushed to is meant. */
export async function withNearestOwner(
  error: unknown,
  { connection, target }: { readonly connection: Connection; readonly target: Target },
  owners: (connection: Connection) => Promise<Owners>,
): Promise<unknown> {
  if (!(error instanceof TeaChestError) || error.code !== 'ownerNotFound') return error;
  const { names } = await owners(connection);
  const nearest = nearestName(target.repository.split('/')[0] ?? '', names);
  if (nearest === undefined) return error;
  return new TeaChestError(error.code, `${error.message} Did you mean “${nearest}”?`, {
    cause: error,
    ...(error.stage !== undefined && { stage: error.stage }),
    facts: { ...error.facts, suggestion: nearest },
  });
}

/** A name that at most two keystrokes make of this one; undefined if there is none, or if so few say nothing. */
function nearestName(name: string, names: readonly string[]): string | undefined {
  const [best] = names
    .map((other) => ({ other, distance: distanceOf(name, other) }))
    .filter(({ other, distance }) => distance <= Math.min(2, Math.max(name.length, other.length) / 2))
    .sort((one, two) => one.distance - two.distance);
  return best?.other;
}

/** Levenshtein's: insertions, deletions and replacements of one character. */
function distanceOf(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, index) => index);
  for (const [line, letter] of Array.from(one).entries()) {
    const next = [line + 1];
    for (const [column, otherLetter] of Array.from(other).entries()) {
      const replaced = (row[column] ?? 0) + (letter === otherLetter ? 0 : 1);
      next.push(Math.min(replaced, (row[column + 1] ?? 0) + 1, (next[column] ?? 0) + 1));
    }
    row = next;
  }
  return row[other.length] ?? 0;
}
