import type { TestEvent } from 'node:test/reporters';

import type { LayerCounts } from './layerCounts.ts';

/** A node:test reporter that writes one JSON document when all is over: how many passed, failed, were skipped and why. */
export default async function* countReporter(events: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  const counts = { passed: 0, failed: 0, skipped: 0 };
  const skips: { name: string; reason: string }[] = [];
  const failures: string[] = [];
  for await (const event of events) {
    if (event.type === 'test:fail' && !failedByChildren(event.data.details.error)) failures.push(event.data.name);
    if (event.type === 'test:pass' && event.data.skip !== undefined && event.data.skip !== false) {
      const { name, skip } = event.data;
      skips.push({ name, reason: typeof skip === 'string' ? skip : 'no reason given' });
    }
    if (event.type === 'test:summary' && event.data.file === undefined) {
      const { passed, tests, skipped } = event.data.counts;
      Object.assign(counts, { passed, skipped, failed: tests - passed - skipped });
    }
  }
  yield JSON.stringify({ ...counts, skips, failures } satisfies LayerCounts, undefined, 2);
}

/** A suite that failed because a test in it did: that test is named already. */
function failedByChildren(error: Error): boolean {
  return 'failureType' in error && error.failureType === 'subtestsFailed';
}
