import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { digestOf } from '../../../../src/core/oci/digest.ts';
import type { ImageStep } from '../../../../src/core/ports/imageSource.ts';
import { layerSteps } from '../../../../src/core/push/record/layerSteps.ts';
import { toInstruction } from '../../../../src/core/oci/toInstruction.ts';

const [one, two] = [digestOf(Buffer.from('1')), digestOf(Buffer.from('2'))];
const step = (createdBy: string, size = 0): ImageStep => ({ createdBy, size });

const layerInstructions = (...args: Parameters<typeof layerSteps>): ReadonlyMap<string, string> =>
  new Map([...layerSteps(...args)].map(([diffId, { instruction }]) => [diffId, instruction]));

suite('the instruction of a layer', () => {
  test('is that of the step with files', () => {
    const steps = [step('COPY a /', 5), step('ENV A=1'), step('RUN make', 7), step('CMD ["/a"]')];
    assert.deepEqual(
      layerInstructions([one, two], steps),
      new Map([
        [one, 'COPY a /'],
        [two, 'RUN make'],
      ]),
    );
  });

  test('is that of a step without files, if only so each layer has one', () => {
    const steps = [step('COPY a /', 5), step('WORKDIR /src'), step('ENV A=1'), step('ENTRYPOINT ["/a"]')];
    assert.deepEqual(layerInstructions([one, two], steps).get(two), 'WORKDIR /src');
  });

  test('is unknown where the steps cannot be paired with the layers', () => {
    const several = [step('COPY a /', 5), step('WORKDIR /src'), step('RUN true')];
    assert.equal(layerInstructions([one, two], several).size, 0);
    assert.equal(layerInstructions([one], []).size, 0);
  });

  test('is the first one of a layer that comes twice', () => {
    const steps = [step('COPY a /', 5), step('RUN again', 5)];
    assert.deepEqual(layerInstructions([one, one], steps), new Map([[one, 'COPY a /']]));
  });

  test('is a line of a Dockerfile, whichever builder wrote it', () => {
    const lines = [
      ['/bin/sh -c #(nop) ADD file:1a in / ', 'ADD file:1a in /'],
      [`/bin/sh -c #(nop) COPY dir:${'1a'.repeat(32)} in /app `, 'COPY dir:1a1a1a1a1a1a in /app'],
      ['/bin/sh -c apt-get update', 'RUN apt-get update'],
      ['RUN /bin/sh -c make   all # buildkit', 'RUN make all'],
      ['COPY /src /app # buildkit', 'COPY /src /app'],
      ['RUN cmd /S /C dir', 'RUN cmd /S /C dir'],
    ] as const;
    for (const [createdBy, instruction] of lines) assert.equal(toInstruction(createdBy), instruction);
    assert.equal(toInstruction(`RUN ${'a'.repeat(999)}`).length, 300);
  });

  test('has no value of a build argument, which may be a secret', () => {
    for (const line of [
      '|2 TOKEN=s3cret OTHER=two s3cret words /bin/sh -c make',
      'RUN |1 TOKEN=s3cret /bin/sh -c make # buildkit',
    ]) {
      assert.equal(toInstruction(line), 'RUN make');
    }
    assert.equal(toInstruction('RUN |1 TOKEN=s3cret /bin/bash -o pipefail -c make # buildkit'), 'RUN …');
  });
});
