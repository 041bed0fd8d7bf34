import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { verdicts } from '../../../bench/report/goals.ts';
import { toMarkdown } from '../../../bench/report/markdown.ts';
import { replaceBetweenMarks } from '../../../bench/report/page.ts';
import { nothingMeasured, toRow, type Row } from '../../../bench/report/row.ts';

const row = (part: Partial<Row>): Row => ({ case: 'cold', tool: 'Tea Chest, gzip', ...nothingMeasured, ...part });
const docker = row({ tool: 'docker push', medianMs: 1000, runs: 3 });

describe('a row of the bench', () => {
  it('has the median time and bytes, the worst memory and delay, and what became of each run', () => {
    const phases = { before: 1, silent: 2, reading: 3, after: 4 };
    const runs = [
      { ms: 30, uploadedBytes: 7, peakRssMb: 10, delayP99Ms: 6, way: 'relay', phases, cpuMs: 20 },
      { ms: 10, uploadedBytes: 5, peakRssMb: 30, delayP99Ms: 5, way: 'none', cpuMs: 1 },
      {
        ms: 20,
        uploadedBytes: 6,
        peakRssMb: 20,
        delayP99Ms: 9,
        way: 'relay',
        phases: { ...phases, after: 6 },
        cpuMs: 30,
      },
    ] as const;
    assert.deepEqual(toRow('changed', 'Tea Chest', runs, undefined), {
      case: 'changed',
      tool: 'Tea Chest',
      medianMs: 20,
      runs: 3,
      uploadedBytes: 6,
      peakRssMb: 30,
      delayP99Ms: 9,
      ways: { relay: 2, none: 1 },
      spent: { before: 1, silent: 2, reading: 3, after: 5, cpuMs: 25 },
    });
  });

  it('has all its fields where nothing was measured, and says why', () => {
    assert.deepEqual(toRow('body-limit', 'docker push', [], 'fails: 413'), {
      case: 'body-limit',
      tool: 'docker push',
      ...nothingMeasured,
      note: 'fails: 413',
    });
  });
});

describe('the verdict on a row', () => {
  it('holds a cold push against its factor', () => {
    assert.deepEqual(verdicts(row({ medianMs: 420 }), docker), ['≤ 0.42× the time: met']);
    assert.deepEqual(verdicts(row({ medianMs: 630 }), docker), ['≤ 0.42× the time: **missed** by 50 %']);
  });

  it('holds first and later changes, containerd’s cold push and its gigabit against the time of docker push', () => {
    const at = (task: string, medianMs: number): string[] => verdicts(row({ case: task, medianMs }), docker);
    for (const task of ['changed', 'first-change', 'changed-gitea', 'gigabit-containerd', 'layers-120-containerd']) {
      assert.deepEqual(at(task, 1000), ['not slower: met'], task);
      assert.deepEqual(at(task, 1050), ['not slower: **missed** by 5 %'], task);
    }
    for (const task of ['cold-containerd', 'changed-containerd', 'first-change-containerd']) {
      assert.deepEqual(at(task, 1100), ['≤ 1.1× the time: met'], task);
      assert.deepEqual(at(task, 1210), ['≤ 1.1× the time: **missed** by 10 %'], task);
    }
    assert.deepEqual(at('unchanged-containerd', 150), ['≤ 0.15× the time: met']);
    assert.deepEqual(at('layers-1', 1500), ['≤ 1.5× the time: met']);
    assert.deepEqual(verdicts(row({ case: 'slow-link', tool: 'Tea Chest, auto', medianMs: 880 }), docker), [
      '≤ 0.8× the time: **missed** by 10 %',
    ]);
  });

  it('asks who has to get through whether it did', () => {
    assert.deepEqual(verdicts(row({ case: 'body-limit', medianMs: 5 }), undefined), ['gets through: met']);
    assert.deepEqual(verdicts(row({ case: 'gateway-timeout', note: 'fails' }), undefined), ['not reached: no result']);
  });

  it('asks every row of ours for memory and delay, and no one else’s', () => {
    const part = { case: 'size-10GB', peakRssMb: 110, delayP99Ms: 15.9 };
    assert.deepEqual(verdicts(row(part), undefined), ['memory < 100 MB: **missed** by 10 %', 'delay < 16 ms: met']);
    assert.deepEqual(verdicts(row({ ...part, tool: 'skopeo copy' }), undefined), []);
  });
});

describe('the page', () => {
  it('shows which strategies were used, and a failure beside what was measured before it', () => {
    const page = toMarkdown({
      date: '2026-11-24',
      machine: ['2 cores'],
      titles: new Map([['cold', 'Cold push']]),
      rows: [docker, row({ medianMs: 500, runs: 2, ways: { export: 1, relay: 1 }, note: 'fails: engine lost' })],
    });
    assert.match(page, /### Cold push\n\n`cold`, runs of each: 2 or 3\./);
    assert.match(
      page,
      /\| Tea Chest, gzip \| 500 ms; fails: engine lost \| 0\.50 \(2\.0× as fast\) \| export 1, relay 1 \|/,
    );
  });

  it('is replaced between its marks and nowhere else', () => {
    const page = 'a\n<!-- bench:begin -->\nold\n<!-- bench:end -->\nb';
    assert.equal(replaceBetweenMarks(page, 'new'), 'a\n<!-- bench:begin -->\n\nnew\n\n<!-- bench:end -->\nb');
    assert.throws(() => replaceBetweenMarks('no marks', 'new'), /no <!-- bench:begin -->/);
  });
});
