import type { EngineId } from './engineList.ts';
import type { Outcome } from './pushCell.ts';

export interface Expectation {
  readonly outcome: Outcome;
  /** Must be in what the engine or the push says. */
  readonly words?: RegExp;
  /** For docs/engines.md; of each outcome that is not the usual one. */
  readonly reason?: string;
}

/** An engine's store, or the engine itself where it differs. */
type Key = 'classic' | 'containerd' | 'podman' | EngineId;

const stores: Readonly<Record<EngineId, 'classic' | 'containerd' | 'podman'>> = {
  docker20: 'classic',
  docker28: 'classic',
  containerd28: 'containerd',
  podman4: 'podman',
  podman5: 'podman',
  rootlessDocker: 'classic',
  rootlessPodman: 'podman',
};

const same: Expectation = { outcome: 'same' };
const equal: Expectation = { outcome: 'equal' };

/** What is not in the table below: containerd's store keeps manifests and blobs, the others keep config and unpacked layers. */
const usual = { classic: equal, containerd: same, podman: equal } as const;

const engine = (words: RegExp, reason: string): Expectation => ({ outcome: 'engine', words, reason });
const refused = (words: RegExp, reason: string): Expectation => ({ outcome: 'refused', words, reason });

const tooDeep = engine(/max depth exceeded/, 'The classic store takes at most 125 layers.');
const noIndex = engine(
  /no such file or directory/,
  'The classic store loads no index and no artifact: its archive has no manifest.json.',
);
const onePlatform: Expectation = {
  outcome: 'platform',
  reason: 'podman keeps one platform when it loads an index: that one is published.',
};
const zstd20 = engine(/invalid tar header/, 'Docker before 23 reads no zstd.');
const noArtifact = engine(/config/, 'podman loads images only.');
const foreignPodman = engine(
  /layers\.example\.test/,
  'podman fetches a foreign layer from its URL when it loads the image.',
);

const noList = engine(/Only podman/, 'Only podman has manifest lists of its own.');

const table: Readonly<Record<string, Partial<Readonly<Record<Key, Expectation>>>>> = {
  '0 layers': {
    classic: same,
    podman: same,
    rootlessDocker: refused(
      /empty export - not implemented/,
      'Docker’s classic store exports no image without layers (moby), and a rootless Docker cannot push to Tea Chest: its network namespace has a loopback of its own.',
    ),
  },
  '127 layers': { classic: tooDeep },
  '300 layers': { classic: tooDeep },
  'zstd layers': { docker20: zstd20, rootlessDocker: zstd20 },
  'gzip, zstd and uncompressed layers': {
    docker20: zstd20,
    rootlessDocker: zstd20,
  },
  'sha512 digests': {
    containerd: refused(
      /not sha256|content digest sha512/,
      'containerd imports only blobs that are named by sha256; docker push says “content digest sha512:… not found”.',
    ),
    podman: engine(/does not match/, 'podman verifies a config by sha256 alone.'),
  },
  'annotations of 5 MB': {
    containerd: refused(
      /more than 4 MiB.*fewer or shorter annotations/,
      'podman and skopeo read no manifest above 4 MiB. Other stores keep no annotations.',
    ),
  },
  'a foreign layer that is here': { podman: foreignPodman },
  'a foreign layer that is elsewhere': {
    classic: engine(/no such file or directory/, 'The classic store loads no image with a layer missing.'),
    containerd: refused(
      /not found|only a part|may not be distributed/,
      'The engine pushes a foreign layer only if it has it, and here it has not.',
    ),
    podman: foreignPodman,
  },
  'an index': { classic: noIndex, podman: onePlatform },
  'an index with a platform missing': {
    classic: noIndex,
    containerd: {
      outcome: 'platform',
      words: /(Only|only) .*linux\/amd64/,
      reason: 'Only that platform is in the engine, which docker push publishes as well; the push says so.',
    },
    podman: onePlatform,
  },
  'an index with attestations': { classic: noIndex, podman: onePlatform },
  'a nested index': {
    classic: noIndex,
    containerd: refused(/MANIFEST_INVALID/, 'Gitea takes no index that names an index.'),
    podman: onePlatform,
  },
  'a podman manifest list': {
    classic: noList,
    containerd: noList,
  },
  'a Helm chart': { classic: noIndex, podman: noArtifact },
  'known by its digest': {
    rootlessDocker: engine(/no registry/, 'Not tried: its network does not lead to the test’s registry.'),
  },
};

export function expectedCell(kind: string, id: EngineId): Expectation {
  const store = stores[id];
  const row = table[kind];
  return row?.[id] ?? row?.[store] ?? usual[store];
}

/** What is pushed by tcp, TLS, ssh and a docker context as well, and from which engines: the same is expected of each way. */
export const kindsByWay: readonly string[] = [
  '3 layers',
  'gzip, zstd and uncompressed layers',
  'an index with attestations',
];
export const enginesByWay: readonly EngineId[] = ['docker20', 'containerd28'];

const ranks: Readonly<Record<Outcome, number>> = { same: 3, equal: 2, platform: 1, refused: 0, engine: 0, wrong: -1 };

/** True if the outcome is worse than the expected one, or another refusal than that one. */
export function isWorse(
  { outcome, words }: { readonly outcome: Outcome; readonly words: string },
  expected: Expectation,
): boolean {
  if (ranks[outcome] !== ranks[expected.outcome]) return ranks[outcome] < ranks[expected.outcome];
  return outcome !== expected.outcome || (expected.words !== undefined && !expected.words.test(words));
}

export const isPublished = ({ outcome }: Expectation): boolean => ranks[outcome] > 0;
