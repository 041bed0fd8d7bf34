import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { TeaChestError } from '../../../src/core/base/errors.ts';
import { digestOf, type Digest } from '../../../src/core/oci/digest.ts';
import { mediaTypes } from '../../../src/core/oci/mediaTypes.ts';
import type { EngineManifest, ImageDetails } from '../../../src/core/ports/imageSource.ts';
import { chooseManifests, manifestChoices } from '../../../src/core/push/chooseManifests.ts';
import { publishedKey } from '../../../src/core/push/imageIndex.ts';

const digest = (text: string): Digest => digestOf(Buffer.from(text));

function platform(name: string, isAvailable = true): EngineManifest {
  const [architecture = '', variant] = name.split('/');
  const runsOn = { os: 'linux', architecture, ...(variant !== undefined && { variant }) };
  return { digest: digest(name), isAvailable, platform: runsOn };
}

function attestation(of: string, isAvailable = true): EngineManifest {
  return { digest: digest(`of ${of}`), isAvailable, platform: undefined, attests: digest(of) };
}

function index(...manifests: EngineManifest[]): ImageDetails {
  return { ...image, id: digest('index'), storesBlobs: true, manifestType: mediaTypes.ociIndex, manifests };
}

const image: ImageDetails = {
  ...{ id: digest('image'), references: ['app:1'], diffIds: [], size: 1, createdAt: undefined },
  platform: { os: 'linux', architecture: 'amd64' },
};

/** What is selected: the digests of manifests by their names, or the error. */
function choose(details: ImageDetails, wanted?: string): string {
  try {
    const selection = chooseManifests(details, wanted);
    if (selection.kind === 'manifest') {
      const { architecture, variant } = selection.manifest.platform ?? assert.fail();
      return `${[architecture, variant].filter(Boolean).join('/')}${selection.isAsked ? '' : ', the only one'}`;
    }
    if (selection.kind !== 'available') return selection.kind;
    const names = details.manifests?.filter((one) => selection.digests.has(one.digest)) ?? [];
    return names.map((one) => (one.attests ? 'attestation' : one.platform?.architecture)).join(' ');
  } catch (error) {
    assert.ok(error instanceof TeaChestError);
    assert.equal(error.stage, 'inspect');
    return `${error.code}: ${error.message}`;
  }
}

describe('what is published of an image', () => {
  const complete = index(platform('amd64'), platform('arm64/v8'), attestation('amd64'));
  const part = index(platform('amd64'), platform('arm64/v8'), platform('s390x', false), attestation('arm64/v8'));
  const one = index(platform('amd64'), platform('arm64/v8', false));

  const cases: readonly [string, ImageDetails, string | undefined, string | RegExp][] = [
    ['a single image', image, undefined, 'whole'],
    ['a single image, for its platform', image, 'linux/amd64', 'whole'],
    ['all of a single image', image, 'all', 'whole'],
    [
      'a single image, for another platform',
      image,
      'linux/arm64',
      /^imageNotFound: The engine has app:1 for linux\/amd64, not for linux\/arm64\.$/,
    ],
    ['a complete index', complete, undefined, 'whole'],
    ['all of a complete index', complete, 'all', 'whole'],
    ['one platform of a complete index', complete, 'linux/arm64', 'arm64/v8'],
    ['that, by its other name', complete, 'linux/aarch64', 'arm64/v8'],
    ['that, with its variant', complete, 'Linux/ARM64/v8', 'arm64/v8'],
    [
      'a part of an index',
      part,
      undefined,
      /^platformNeeded: .*does not have linux\/s390x\. It has linux\/amd64, linux\/arm64\/v8: .*“all”/,
    ],
    ['all that is here of a part of an index', part, 'all', 'amd64 arm64 attestation'],
    ['one platform of a part of an index', part, 'linux/amd64', 'amd64'],
    [
      'the missing platform',
      part,
      'linux/s390x',
      /^imageNotFound: The engine has only a part of app:1 for linux\/s390x.* It can push linux\/amd64, linux\/arm64\/v8, or “all” of these\.$/,
    ],
    [
      'a platform that the index does not name',
      part,
      'linux/ppc64le',
      /^imageNotFound: The engine has app:1 not for linux\/ppc64le/,
    ],
    ['an index of which one platform is here', one, undefined, 'amd64, the only one'],
    ['all of that', one, 'all', 'amd64'],
    [
      'an index without its attestation',
      index(platform('amd64'), attestation('amd64', false)),
      undefined,
      'amd64, the only one',
    ],
    [
      'an attestation of what is not here',
      index(platform('amd64'), platform('arm64', false), attestation('arm64')),
      'all',
      'amd64',
    ],
    [
      'one of two variants, if neither is named',
      index(platform('arm/v6'), platform('arm/v7')),
      'linux/arm/v6',
      'arm/v6',
    ],
    [
      'nothing of an index',
      index(platform('amd64', false)),
      undefined,
      /^engineFailed: .*only a part of app:1: linux\/amd64 /,
    ],
    ['an image of an engine that does not say what it is', { ...image, storesBlobs: true }, undefined, 'unlisted'],
    ['an index whose manifests cannot be read', { ...complete, manifests: undefined }, undefined, 'unlisted'],
    ['one platform of that, not all of it', { ...complete, manifests: undefined }, 'linux/amd64', 'unlisted'],
  ];
  for (const [what, details, wanted, expected] of cases) {
    it(`${what} (${wanted ?? 'no platform'}): ${String(expected)}`, () => {
      const chosen = choose(details, wanted);
      if (typeof expected === 'string') assert.equal(chosen, expected);
      else assert.match(chosen, expected);
    });
  }

  it('asks a person only where a part of an index leaves more than one manifest', () => {
    for (const details of [image, complete, one, index(platform('amd64', false))]) {
      assert.equal(manifestChoices(details), undefined);
    }
    const choices = manifestChoices(part) ?? assert.fail('there is a choice');
    assert.deepEqual([choices.platforms.length, choices.attestations, choices.missing], [2, 1, ['linux/s390x']]);
    const attested = index(platform('amd64'), attestation('amd64'), platform('arm64', false));
    assert.equal(manifestChoices(attested)?.platforms.length, 1);
  });

  it('is remembered by what was selected, and not at all for an engine that stores no blobs', () => {
    const keys = [
      [complete, undefined],
      [part, 'all'],
      [part, 'linux/amd64'],
      [{ ...image, storesBlobs: true }, undefined],
    ] as const;
    const found = keys.map(([details, wanted]) => publishedKey(details, chooseManifests(details, wanted)));
    assert.equal(new Set(found).size, keys.length);
    assert.ok(!found.includes(undefined));
    assert.equal(publishedKey(image, { kind: 'whole' }), undefined);
  });
});
