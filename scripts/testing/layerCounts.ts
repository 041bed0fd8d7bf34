/** What a layer's run came to. */
export interface LayerCounts {
  readonly passed: number;
  /** Cancelled tests and files that could not be loaded included. */
  readonly failed: number;
  readonly skipped: number;
  readonly skips: readonly { readonly name: string; readonly reason: string }[];
  readonly failures: readonly string[];
}

export function sum(all: readonly LayerCounts[]): LayerCounts {
  return {
    passed: all.reduce((total, counts) => total + counts.passed, 0),
    failed: all.reduce((total, counts) => total + counts.failed, 0),
    skipped: all.reduce((total, counts) => total + counts.skipped, 0),
    skips: all.flatMap((counts) => counts.skips),
    failures: all.flatMap((counts) => counts.failures),
  };
}

/** `12 passed, 0 failed`, and `, 1 skipped` if any. */
export function closingLine({ passed, failed, skipped }: LayerCounts): string {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
}
