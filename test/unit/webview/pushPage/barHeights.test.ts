import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { barHeights } from '../../../../src/webview/pushPage/barHeights.ts';

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

describe('the heights of bars', () => {
  it('are to scale', () => {
    assert.deepEqual(barHeights([300, 100]), { heights: [240, 80], isEnlarged: false });
    assert.deepEqual(barHeights([]), { heights: [], isEnlarged: false });
  });

  it('are never too small to be seen, and say so', () => {
    assert.deepEqual(barHeights([1_000_000, 1, 0]), { heights: [304, 8, 8], isEnlarged: true });
    assert.deepEqual(barHeights([0, 0]), { heights: [8, 8], isEnlarged: false }, 'without sizes nothing is enlarged');
  });

  it('keep their order and fill the stack, whatever the sizes', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(1e12), { minLength: 1, maxLength: 200 }), (weights) => {
        const { heights } = barHeights(weights);
        assert.ok(heights.every((height) => height >= 8));
        const whole = Math.max(320, weights.length * 16);
        if (weights.some((weight) => weight > 0))
          assert.ok(Math.abs(sum(heights) - whole) < weights.length, `${sum(heights)}`);
        weights.forEach((weight, at) => {
          const next = weights[at + 1];
          if (next !== undefined && weight <= next) assert.ok((heights[at] ?? 0) <= (heights[at + 1] ?? 0) + 0.1);
        });
      }),
    );
  });
});
