/** The name that is nearest to a mistyped one, ignoring case; undefined if none is near. */
export function nearestName(typed: string, names: readonly string[]): string | undefined {
  const wanted = typed.toLowerCase();
  const near = names
    .map((name) => ({ name, distance: distanceOf(wanted, name.toLowerCase()) }))
    .filter(({ name, distance }) => distance <= mostEdits(wanted, name))
    .sort((one, other) => one.distance - other.distance || (one.name < other.name ? -1 : 1));
  return near[0]?.name;
}

/** One typing error in a short name, two or three in a long one. */
function mostEdits(typed: string, name: string): number {
  return Math.min(3, Math.floor(Math.max(typed.length, name.length) / 3));
}

/** Optimal string alignment, in which a swap of neighbours is one edit: fastest-levenshtein and its like count two. */
function distanceOf(one: string, other: string): number {
  if (Math.abs(one.length - other.length) > 3) return Infinity;
  const rows: number[][] = [Array.from({ length: other.length + 1 }, (_, index) => index)];
  const at = (row: number, column: number): number => rows[row]?.[column] ?? Infinity;
  for (let i = 1; i <= one.length; i++) {
    rows.push([i]);
    for (let j = 1; j <= other.length; j++) {
      const same = one[i - 1] === other[j - 1];
      const swapped = i > 1 && j > 1 && one[i - 1] === other[j - 2] && one[i - 2] === other[j - 1];
      const edited = Math.min(at(i - 1, j) + 1, at(i, j - 1) + 1, at(i - 1, j - 1) + (same ? 0 : 1));
      rows[i]?.push(swapped ? Math.min(edited, at(i - 2, j - 2) + 1) : edited);
    }
  }
  return at(one.length, other.length);
}
