import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import fc from 'fast-check';
import { TeaChestError } from '../../src/core/base/errors.ts';
import { BoundedPipe } from '../../src/core/relay/boundedPipe.ts';
import { someLayer } from '../unit/push/fakes.ts';
import { ImagesRig } from '../unit/push/imagesRig.ts';
import { holds } from './support.ts';

const mib = 1024 * 1024;

async function pause(turns: number): Promise<void> {
  for (let turn = 0; turn < turns; turn++) await new Promise(setImmediate);
}

describe('the pipe from an engine to the registry', () => {
  const sizes = fc.oneof(fc.integer({ min: 0, max: 100 }), fc.constantFrom(65_536, mib - 1, mib, mib + 1, 2 * mib));
  const pieces = fc.array(fc.record({ size: sizes, pause: fc.nat(3) }), { maxLength: 12 });
  const ends = fc.record({
    how: fc.constantFrom('verified', 'fail', 'abandon', 'stopReading'),
    /** After so many pieces; a stop while reading counts those that were read. */
    after: fc.nat(12),
    readerPauses: fc.array(fc.nat(3), { minLength: 1, maxLength: 5 }),
  });

  it('always ends, and gives the pieces in order: all of them only once they are verified', async () => {
    await holds(
      fc.tuple(pieces, ends),
      async ([all, { how, after: count, readerPauses }]) => {
        const pipe = new BoundedPipe();
        const read: number[] = [];
        const failure = new TeaChestError('engineLost', 'The connection broke.');
        const reading = (async () => {
          try {
            for await (const piece of pipe.read()) {
              read.push(piece.byteLength === 0 ? 0 : (piece[0] ?? 0));
              if (how === 'stopReading' && read.length > count) return 'stopped';
              await pause(readerPauses[read.length % readerPauses.length] ?? 0);
            }
            return 'ended';
          } catch (error) {
            return error;
          } finally {
            pipe.abandon();
          }
        })();
        const end = (): void => {
          if (how === 'fail') pipe.fail(failure);
          else if (how === 'abandon') pipe.abandon();
        };
        for (const [at, { size, pause: turns }] of all.entries()) {
          if (at === count) end();
          await pipe.write(Buffer.alloc(size, at + 1));
          await pause(turns);
        }
        if (count >= all.length) end();
        pipe.verified();
        const outcome = await reading;
        const expected = all.map(({ size }, at) => (size === 0 ? 0 : at + 1));
        assert.deepEqual(read, expected.slice(0, read.length));
        if (how === 'verified') assert.deepEqual([outcome, read.length], ['ended', all.length]);
        if (how === 'fail') assert.equal(outcome, failure);
        if (how === 'fail' || how === 'abandon') assert.ok(read.length < Math.max(1, Math.min(count, all.length)));
      },
      30_000,
    );
  });
});

describe('pushes of several images at the same time', () => {
  const rig = new ImagesRig();
  before(() => rig.setUp());
  after(() => rig.tearDown());

  /** Very small ones, some above a mebibyte, and the same ones again and again. */
  const layer = fc
    .tuple(fc.integer({ min: 1, max: 5 }), fc.constantFrom(1, 511, 70_000, 1_300_000))
    .map(([seed, size]) => ({ bytes: someLayer(seed, size) }));
  const image = fc.array(layer, { maxLength: 4 });
  const run = fc.record({
    /** Which images go where. */
    pairs: fc.uniqueArray(fc.tuple(fc.nat(2), fc.constantFrom('dev/a', 'dev/b', 'other!dev/a'), fc.nat(2)), {
      minLength: 1,
      maxLength: 4,
      selector: ([, repository, tag]) => `${repository} ${tag}`,
    }),
    /** The target that is cancelled, and at which event of the run. */
    cancel: fc.option(fc.record({ which: fc.nat(3), at: fc.nat(60) }), { nil: undefined }),
    canMount: fc.boolean(),
  });

  it('always end, with what each says, and leave nothing', async () => {
    const three = fc.array(image, { minLength: 3, maxLength: 3 });
    await holds(
      fc.record({ images: three, runs: fc.array(run, { minLength: 2, maxLength: 2 }) }),
      async ({ images, runs }) => {
        rig.reset(images.map((layers, at) => ({ name: `app${at}:1`, layers })));
        rig.registry.canMount = runs[0]?.canMount === true;
        const pushes = runs.map(async ({ pairs, cancel }, number) => {
          // Two runs do not write to the same tag.
          const targets = pairs.map(
            ([app, repository, tag]) => [`app${app}:1`, `${repository}:${number}${tag}`] as const,
          );
          const [, cancelled = ''] = targets[(cancel?.which ?? 0) % targets.length] ?? [];
          const controller = new AbortController();
          let events = 0;
          const outcomes = await rig.push(targets, {
            signals: { [cancelled]: controller.signal },
            onEvent: () => {
              if (events++ === cancel?.at) controller.abort();
            },
          });
          for (const [at, code] of rig.codesOf(outcomes).entries()) {
            const target = targets[at] ?? assert.fail();
            if (code === 'pushed') rig.assertPulled([target]);
            else assert.deepEqual([code, target[1]], ['cancelled', cancelled]);
          }
        });
        await Promise.all(pushes);
        await rig.assertNothingLeft();
      },
    );
  });
});
