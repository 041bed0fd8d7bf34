import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';

import type { LayerCounts } from '../../../scripts/testing/layerCounts.ts';
import { closingLine, sum } from '../../../scripts/testing/layerCounts.ts';
import { projectRoot } from '../../tools/projectPaths.ts';
import { run } from '../../tools/run.ts';
import { makeScratch } from '../../tools/scratch.ts';

async function countsOf(source: string): Promise<LayerCounts> {
  const scratch = await makeScratch('reporter');
  try {
    const file = join(scratch.path, 'some.test.mjs');
    await writeFile(file, `import { after, suite, test } from 'node:test';\n${source}`);
    const reporter = join(projectRoot, 'scripts', 'testing', 'countReporter.ts');
    const { stdout } = await run(process.execPath, ['--test', `--test-reporter=${reporter}`, file], {
      env: { NODE_TEST_CONTEXT: undefined, NODE_OPTIONS: undefined },
      mayFail: true,
    });
    return JSON.parse(stdout) as LayerCounts;
  } finally {
    await scratch.remove();
  }
}

test('tests that pass, fail and are skipped are counted, with names and reasons', async () => {
  const counts = await countsOf(`
    suite('a suite', () => {
      test('passes', () => {});
      test('fails', () => { throw new Error('no'); });
      test('waits for better times', { skip: 'no network here' }, () => {});
    });`);
  assert.deepEqual(counts, {
    passed: 1,
    failed: 1,
    skipped: 1,
    skips: [{ name: 'waits for better times', reason: 'no network here' }],
    failures: ['fails'],
  });
});

test('a hook that fails is named by its suite', async () => {
  const counts = await countsOf(`
    suite('tidy', () => {
      after(() => { throw new Error('left something'); });
      test('passes', () => {});
    });`);
  assert.deepEqual({ passed: counts.passed, failures: counts.failures }, { passed: 1, failures: ['tidy'] });
});

test('a file that cannot be loaded is a failure', async () => {
  const counts = await countsOf('throw new Error("broken");');
  assert.equal(counts.failed, 1);
});

test('the closing line names what was skipped only when something was', () => {
  const layer = { passed: 2, failed: 0, skipped: 0, skips: [], failures: [] };
  assert.equal(closingLine(sum([layer, layer])), '4 passed, 0 failed');
  const skipping = { ...layer, skipped: 1, skips: [{ name: 'a', reason: 'b' }] };
  assert.equal(closingLine(sum([layer, skipping])), '4 passed, 0 failed, 1 skipped');
});
