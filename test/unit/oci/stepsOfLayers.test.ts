import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { stepsOfLayers } from '../../../src/core/oci/stepsOfLayers.ts';

const step = (createdBy: string, size = 0) => ({ createdBy, size });

/** The instructions of the steps that made so many layers. */
function paired(layerCount: number, ...steps: readonly ReturnType<typeof step>[]): readonly string[] | undefined {
  return stepsOfLayers(steps, layerCount)?.map(({ createdBy }) => createdBy);
}

suite('the steps that made the layers of an image', () => {
  test('are those with files', () => {
    assert.deepEqual(paired(2, step('ADD base /', 5), step('ENV A=1'), step('WORKDIR /src'), step('RUN make', 7)), [
      'ADD base /',
      'RUN make',
    ]);
  });

  test('are those that can have made one, where a layer has no files', () => {
    const buildKit = [step('ADD base /', 5), step('ENV A=1'), step('WORKDIR /src # buildkit'), step('CMD ["/a"]')];
    assert.deepEqual(paired(2, ...buildKit), ['ADD base /', 'WORKDIR /src # buildkit']);
    const classic = [
      step('/bin/sh -c #(nop) ADD file:0 in / ', 5),
      step('/bin/sh -c #(nop)  ENV A=1'),
      step('/bin/sh -c #(nop) WORKDIR /src'),
      step('/bin/sh -c #(nop)  CMD ["/a"]'),
    ];
    assert.deepEqual(paired(2, ...classic), ['/bin/sh -c #(nop) ADD file:0 in / ', '/bin/sh -c #(nop) WORKDIR /src']);
  });

  test('include a step with files, whatever its instruction', () => {
    assert.deepEqual(paired(2, step('LABEL a=b', 5), step('RUN true')), ['LABEL a=b', 'RUN true']);
  });

  test('are all of them, where a builder makes a layer in each', () => {
    assert.deepEqual(paired(2, step('RUN make', 5), step('LABEL a=b')), ['RUN make', 'LABEL a=b']);
  });

  test('of a squashed image are the one with its files', () => {
    const merged = 'merge sha256:1 to sha256:2';
    assert.deepEqual(paired(1, step('ADD base /'), step('RUN make'), step(merged, 12)), [merged]);
  });

  test('are unknown where the history is shorter or longer than the layers allow', () => {
    assert.equal(paired(3, step('ADD base /', 5), step('RUN make', 7)), undefined);
    assert.equal(paired(1, step('ADD base /', 5), step('RUN make', 7)), undefined);
    assert.equal(paired(2, step('ADD base /', 5), step('RUN true'), step('WORKDIR /src')), undefined);
    assert.equal(paired(1), undefined);
  });
});
