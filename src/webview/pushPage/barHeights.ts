/**
 * Pixels of the whole stack, and of its smallest bars. A stack of very many bars is higher. A gap of 2 pixels below each bar and
 * its border of 1 pixel are part of its height: 4 pixels are left to show the state.
 */
const usualHeight = 320;
const leastHeight = 8;

export interface BarHeights {
  readonly heights: readonly number[];
  /** Some bars are higher than their size, to be seen. */
  readonly isEnlarged: boolean;
}

/** The heights of bars in pixels: in proportion to their weights, but none below the least height. */
export function barHeights(weights: readonly number[]): BarHeights {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const height = Math.max(usualHeight, weights.length * leastHeight * 2);
  // What the small ones get more is taken from the others.
  const small = new Set<number>();
  for (;;) {
    const rest = height - small.size * leastHeight;
    const scaled = weights.reduce((sum, weight, at) => (small.has(at) ? sum : sum + weight), 0);
    const scale = scaled === 0 ? 0 : rest / scaled;
    const tooSmall = weights.flatMap((weight, at) => (!small.has(at) && weight * scale < leastHeight ? [at] : []));
    if (tooSmall.length === 0) {
      const heights = weights.map((weight, at) => (small.has(at) ? leastHeight : weight * scale));
      return { heights: heights.map((one) => Math.round(one * 10) / 10), isEnlarged: total > 0 && small.size > 0 };
    }
    for (const at of tooSmall) small.add(at);
  }
}
