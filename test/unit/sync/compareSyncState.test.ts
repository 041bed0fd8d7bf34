import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { digestOf } from '../../../src/core/oci/digest.ts';
import { compareSyncState, type SyncFacts } from '../../../src/core/sync/compareSyncState.ts';

const now = Date.parse('2026-11-26T12:00:00Z');
const monday = '2026-11-23T09:00:00Z';
const tuesday = '2026-11-24T09:00:00Z';
const wednesday = '2026-11-25T09:00:00Z';
const digests = { one: digestOf(Buffer.from('1')), two: digestOf(Buffer.from('2')), three: digestOf(Buffer.from('3')) };

interface Case {
  /** The image here: its ID and its build date. */
  readonly here: readonly [string, string | undefined];
  /** The registry's: its digest and its build date; `same` if it is the image here. */
  readonly there?: readonly [keyof typeof digests, string | undefined, 'same'?];
  /** What we pushed last: image ID, digest, build date. */
  readonly push?: readonly [string, keyof typeof digests, string | undefined];
}

function verdict({ here, there, push }: Case): string {
  const facts: SyncFacts = {
    here: { imageId: here[0], createdAt: here[1] },
    there: there && { digest: digests[there[0]], createdAt: there[1], isSameImage: there[2] === 'same' },
    lastPush: push && { imageId: push[0], digest: digests[push[1]], createdAt: push[2] },
    now,
  };
  const { state, reason } = compareSyncState(facts);
  return `${state}: ${reason}`;
}

const table: Readonly<Record<string, readonly [Case, string]>> = {
  'no tag, and none was pushed': [{ here: ['a', monday] }, 'notPushed: noTag'],
  'no tag any more': [{ here: ['a', monday], push: ['a', 'one', monday] }, 'notPushed: removedThere'],
  'the same image, without a push of ours': [
    { here: ['a', monday], there: ['one', monday, 'same'] },
    'upToDate: sameImage',
  ],
  'the same image, which another client has pushed in another form': [
    { here: ['a', monday], there: ['two', monday, 'same'], push: ['a', 'one', monday] },
    'upToDate: sameImage',
  ],
  'built anew here': [
    { here: ['b', tuesday], there: ['one', undefined], push: ['a', 'one', monday] },
    'newerHere: changedHere',
  ],
  'built anew here, without build dates': [
    { here: ['b', undefined], there: ['one', undefined], push: ['a', 'one', undefined] },
    'newerHere: changedHere',
  ],
  'an older image got the name here': [
    { here: ['b', monday], there: ['one', undefined], push: ['a', 'one', tuesday] },
    'different: earlierBuildHere',
  ],
  'pushed by somebody else': [
    { here: ['a', monday], there: ['two', tuesday], push: ['a', 'one', monday] },
    'newerThere: changedThere',
  ],
  'pushed by somebody else, without build dates': [
    { here: ['a', undefined], there: ['two', undefined], push: ['a', 'one', undefined] },
    'newerThere: changedThere',
  ],
  'the registry went back to an older image': [
    { here: ['a', tuesday], there: ['two', monday], push: ['a', 'one', tuesday] },
    'different: earlierBuildThere',
  ],
  'changed on both sides, whatever the dates say': [
    { here: ['b', wednesday], there: ['two', tuesday], push: ['a', 'one', monday] },
    'different: changedOnBothSides',
  ],
  'never pushed from here, built later here': [
    { here: ['a', tuesday], there: ['one', monday] },
    'newerHere: builtLaterHere',
  ],
  'never pushed from here, built later there': [
    { here: ['a', monday], there: ['one', tuesday] },
    'newerThere: builtLaterThere',
  ],
  'never pushed from here, and no date here': [
    { here: ['a', undefined], there: ['one', tuesday] },
    'different: unknownOrder',
  ],
  'never pushed from here, and no date there': [
    { here: ['a', monday], there: ['one', undefined] },
    'different: unknownOrder',
  ],
  'dates within what two clocks may differ': [
    { here: ['a', '2026-11-24T09:01:30Z'], there: ['one', tuesday] },
    'different: unknownOrder',
  ],
  'dates just beyond that': [
    { here: ['a', '2026-11-24T09:02:01Z'], there: ['one', tuesday] },
    'newerHere: builtLaterHere',
  ],
  'a build in the future: that clock is wrong': [
    { here: ['a', monday], there: ['one', '2026-12-24T09:00:00Z'] },
    'different: unknownOrder',
  ],
  'the date of a reproducible build': [
    { here: ['a', '1980-01-01T00:00:01Z'], there: ['one', tuesday] },
    'different: unknownOrder',
  ],
  'a date that is none': [{ here: ['a', monday], there: ['one', 'yesterday'] }, 'different: unknownOrder'],
  'built anew here by a clock that is a little slow': [
    { here: ['b', '2026-11-24T08:59:00Z'], there: ['one', undefined], push: ['a', 'one', tuesday] },
    'newerHere: changedHere',
  ],
};

suite('how an image compares with its tag in the registry', () => {
  for (const [name, [facts, expected]] of Object.entries(table)) {
    test(name, () => {
      assert.equal(verdict(facts), expected);
    });
  }
});
