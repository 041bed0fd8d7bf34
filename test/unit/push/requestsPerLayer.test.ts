import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DigestCache } from '../../../src/core/digestCache/digestCache.ts';
import { pushImage } from '../../../src/core/push/pushImage.ts';
import { UploadsInFlight } from '../../../src/core/push/uploadsInFlight.ts';
import { startFakeGitea, type FakeGitea } from '../../fakeGitea/fakeGitea.ts';
import { silentLogger } from '../../tools/silentLogger.ts';
import { clientFor, dev, never, type TestClient } from '../gitea/testClient.ts';
import { FakeEngine, noCompression, someLayer } from './fakes.ts';

const kib = 1024;

/** Each request costs a round trip: docs/performance.md has these counts. */
suite('the requests for each layer that a first push sends to a Gitea', () => {
  let fakeGitea: FakeGitea;
  let client: TestClient;
  let folder: string;
  let seed = 0;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tea-chest-requests-'));
    fakeGitea = await startFakeGitea();
    client = clientFor(fakeGitea.url, { credential: dev });
  });
  after(async () => {
    await client.close();
    await fakeGitea.close();
    await rm(folder, { recursive: true });
  });

  /** A machine that knows nothing pushes an image of new layers. */
  async function push(repository: string, tag: string, sizes: readonly number[]): Promise<void> {
    const engine = new FakeEngine(sizes.map((size) => ({ bytes: someLayer(++seed, size) })));
    await pushImage(
      {
        ...{ image: 'app:1', origin: fakeGitea.origin, repository, tag },
        ...{ codec: noCompression, parallelBlobs: 2 },
      },
      {
        source: engine,
        target: await client.repository(repository, { signal: never }),
        cache: new DigestCache(join(folder, `${++seed}.json`), silentLogger, () => 0),
        ...{ spoolRoot: join(folder, 'spool'), spoolLimit: 1e9, uploads: new UploadsInFlight() },
        ...{ logger: silentLogger, now: Date.now },
      },
      { signal: never, onEvent: () => undefined },
    );
  }

  /** What three layers of a size add to a push of one, divided by two. */
  async function perLayer(size: number, { hasTags }: { readonly hasTags: boolean }): Promise<string[]> {
    const counted: Record<string, number>[] = [];
    for (const layers of [1, 3]) {
      const repository = `dev/requests-${++seed}`;
      if (hasTags) await push(repository, 'latest', [1000]);
      fakeGitea.clearRequests();
      await push(
        repository,
        'new',
        Array.from({ length: layers }, () => size),
      );
      const kinds = fakeGitea.requests.map(({ method, path }) => {
        const query = /[?&](mount|digest)=/.exec(path)?.[1] ?? '';
        return method === 'POST' && query !== '' ? `POST ${query}` : method;
      });
      counted.push(
        Object.fromEntries(
          Object.entries(Object.groupBy(kinds, (kind) => kind)).map(([kind, all]) => [kind, all?.length ?? 0]),
        ),
      );
    }
    const [one = {}, three = {}] = counted;
    return Object.keys(three)
      .flatMap((kind) => Array.from({ length: ((three[kind] ?? 0) - (one[kind] ?? 0)) / 2 }, () => kind))
      .sort();
  }

  for (const [what, size, withoutTags, withTags] of [
    ['a small one', 200 * kib, ['POST digest'], ['HEAD', 'POST mount', 'PUT']],
    ['one of half a megabyte', 500 * kib, ['POST mount', 'PUT'], ['HEAD', 'POST mount', 'PUT']],
    ['a larger one', 900 * kib, ['PATCH', 'POST mount', 'PUT'], ['HEAD', 'PATCH', 'POST mount', 'PUT']],
  ] as const) {
    test(`${what}: ${withoutTags.length} where the repository has no tags, else ${withTags.length}`, async () => {
      assert.deepEqual(await perLayer(size, { hasTags: false }), withoutTags);
      assert.deepEqual(await perLayer(size, { hasTags: true }), withTags);
    });
  }
});
