import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import { suite, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { TeaChestError } from '../../../../../src/core/base/errors.ts';
import { digestOf, type Digest } from '../../../../../src/core/oci/digest.ts';
import { mediaTypes } from '../../../../../src/core/oci/mediaTypes.ts';
import { serializeManifest } from '../../../../../src/core/oci/manifest.ts';
import type { ImageDetails } from '../../../../../src/core/ports/imageSource.ts';
import { readSyncState, type SyncDependencies, type SyncSubject } from '../../../../../src/core/sync/readSyncState.ts';
import { CheckedRunner } from '../../../../../src/host/push/checks/checkedRunner.ts';
import type { CheckSettings } from '../../../../../src/host/push/checks/checkSettings.ts';
import type { PushJob } from '../../../../../src/host/push/pushJob.ts';
import type { WideAudience } from '../../../../../src/host/targets/publicOwners.ts';
import { formatTarget } from '../../../../../src/host/targets/target.ts';
import { silentLogger } from '../../../../tools/silentLogger.ts';
import { connectionTo } from '../../support/hostFakes.ts';

const connection = connectionTo('https://gitea.test');
const off: CheckSettings = { dirtyWorkingTree: 'off', existingTag: 'off', latestTag: 'off' };
const config = { mediaType: mediaTypes.ociConfig, digest: digestOf(Buffer.from('config')), size: 2 };
const manifest = serializeManifest(config, []);
const options = { signal: new AbortController().signal };

function jobTo(tag: string, more: Partial<PushJob> = {}): PushJob {
  return { image: 'app:1', connection, target: { host: connection.host, repository: 'dev/app', tag }, ...more };
}

interface RunnerOptions {
  readonly details?: Partial<ImageDetails>;
  readonly published?: Digest;
  /** Who can pull what is pushed, where no person has confirmed that. */
  readonly audience?: WideAudience | Promise<WideAudience>;
}

/** A runner with these settings. In the registry, the tag `1` stands for the image with `config`. */
function runnerWith(
  settings: Partial<CheckSettings>,
  id = config.digest,
  { details: more, published, audience }: RunnerOptions = {},
) {
  const pushed: string[] = [];
  const asked: string[] = [];
  const answers: boolean[] = [];
  let requests = 0;
  const target: SyncSubject['target'] = {
    repository: 'dev/app',
    headManifest: (tag) => {
      requests++;
      const stored = { digest: digestOf(manifest), mediaType: mediaTypes.ociManifest, size: manifest.length };
      return Promise.resolve(tag === '1' ? stored : undefined);
    },
    getManifest: (reference) => {
      requests++;
      return Promise.resolve(['1', digestOf(manifest)].includes(reference) ? manifest : undefined);
    },
    getBlob: () => Promise.resolve(undefined),
  };
  const details: ImageDetails = {
    ...{ id, references: ['app:1'], diffIds: [], size: 1, createdAt: undefined, storesBlobs: false },
    ...{ platform: { os: 'linux', architecture: 'amd64' }, ...more },
  };
  const cache: SyncDependencies['cache'] = {
    load: () => Promise.resolve(),
    image: () => undefined,
    published: () => published && { digest: published, mediaType: '', bytes: 1, layers: [], notices: [] },
  };
  const runner = new CheckedRunner({
    settings: () => ({ ...off, ...settings }),
    inspect: (image) =>
      image === 'missing:1'
        ? Promise.reject(new TeaChestError('imageNotFound', 'It is gone.'))
        : Promise.resolve(details),
    compare: ({ target: { host, repository, tag } }, signal) =>
      readSyncState(
        { image: details, target, repository: `${host}/${repository}`, tag, lastPush: undefined, codecId: 'gzip-1' },
        { cache, known: new Map(), now: () => 0 },
        { signal },
      ),
    repositories: () => [],
    publicOwners: { unconfirmed: () => Promise.resolve(audience) },
    logger: silentLogger,
    ask: (message, detail) => {
      asked.push([message, ...detail].join('\n'));
      return Promise.resolve(answers.shift() ?? false);
    },
    runner: {
      whenFree: () => Promise.resolve(),
      runAll: (jobs) => {
        pushed.push(...jobs.map(({ target }) => formatTarget(target)));
        return Promise.resolve(
          jobs.map(({ target }) => ({
            kind: 'pushed',
            image: { identity: 'sha256:0', createdAt: undefined },
            result: {
              ...{ reference: formatTarget(target), digest: config.digest, mediaType: '', durationMs: 1 },
              ...{ uploadedBytes: 0, mountedBytes: 0, skippedBytes: 0, strategy: 'none', notices: ['from before'] },
            },
          })),
        );
      },
    },
  });
  return { runner, pushed, asked, answers, requests: () => requests };
}

const other = digestOf(Buffer.from('another image'));

suite('checks before a push', () => {
  test('that are off ask nobody anything, neither the engine nor the registry', async () => {
    const { runner, pushed, asked, requests } = runnerWith({}, other);
    const result = await runner.run(jobTo('latest', { image: 'missing:1' }), options);
    assert.deepEqual([pushed, asked, requests()], [['gitea.test/dev/app:latest'], [], 0]);
    assert.deepEqual(result.notices, ['from before']);
  });

  test('refuse with a code of their own, and nothing is pushed', async () => {
    const { runner, pushed } = runnerWith({ existingTag: 'refuse', latestTag: 'refuse' }, other);
    await assert.rejects(runner.run(jobTo('latest'), options), { code: 'latestTag', stage: 'resolve' });
    const error = await runner.run(jobTo('1'), options).catch((failure: unknown) => failure);
    assert.ok(error instanceof TeaChestError && error.code === 'tagExists');
    assert.ok(error.message.includes(digestOf(manifest)) && error.message.includes(other), 'both digests are shown');
    assert.deepEqual(pushed, []);
  });

  test('find no other image at a tag that is new, or stands for this image', async () => {
    for (const id of [config.digest, digestOf(manifest)]) {
      const { runner, pushed } = runnerWith({ existingTag: 'refuse' }, id);
      await runner.run(jobTo('1'), options);
      await runner.run(jobTo('2'), options);
      assert.equal(pushed.length, 2);
    }
  });

  test('find no other image where containerd’s blobs were compressed anew by an earlier push', async () => {
    const stored: Partial<ImageDetails> = { storesBlobs: true };
    const unknown = runnerWith({ existingTag: 'refuse' }, other, { details: stored });
    await assert.rejects(unknown.runner.run(jobTo('1'), options), { code: 'tagExists' });
    const known = runnerWith({ existingTag: 'refuse' }, other, { details: stored, published: digestOf(manifest) });
    await known.runner.run(jobTo('1'), options);
    assert.equal(known.pushed.length, 1);
  });

  test('find no other image where the tag stands for one platform of an index', async () => {
    const manifests = ['amd64', 'arm64'].map((architecture) => ({
      ...{ digest: architecture === 'arm64' ? digestOf(manifest) : other, isAvailable: true },
      ...{ platform: { os: 'linux', architecture } },
    }));
    const index = digestOf(Buffer.from('index'));
    const details = { storesBlobs: true, manifests };
    const { runner, pushed } = runnerWith({ existingTag: 'refuse' }, index, { details });
    await runner.run(jobTo('1'), options);
    assert.equal(pushed.length, 1);
  });

  test('warn in the result', async () => {
    const { runner } = runnerWith({ latestTag: 'warn' });
    const { notices } = await runner.run(jobTo('latest'), options);
    assert.deepEqual(notices, [
      'from before',
      'The tag of gitea.test/dev/app:latest does not say which version it is.',
    ]);
  });

  test('ask the person once for all images, and a no stops them all', async () => {
    const { runner, pushed, asked, answers } = runnerWith({ latestTag: 'ask' });
    const jobs = [jobTo('latest'), jobTo('2'), { ...jobTo('latest'), image: 'app:2' }];
    const outcomes = await runner.runAll(jobs, options);
    assert.deepEqual(
      outcomes.map((outcome) => outcome.kind === 'failed' && outcome.error.code),
      ['cancelled', 'cancelled', 'cancelled'],
    );
    assert.deepEqual(pushed, []);
    answers.push(true);
    await runner.runAll(jobs, options);
    assert.equal(pushed.length, 3);
    assert.equal(asked.length, 2);
    assert.match(asked[0] ?? '', /^Push 2 images all the same\?\n.*latest does not say/);
  });

  test('refuse where they would ask and nobody may be there, without stopping the other images', async () => {
    const { runner, pushed, asked } = runnerWith({ latestTag: 'ask' });
    const jobs = [jobTo('latest', { isUnattended: true }), jobTo('2', { isUnattended: true })];
    const [refused, pushedOne] = await runner.runAll(jobs, options);
    assert.ok(refused?.kind === 'failed' && refused.error.code === 'latestTag');
    assert.equal(pushedOne?.kind, 'pushed');
    assert.deepEqual([pushed, asked], [['gitea.test/dev/app:2'], []]);
  });

  test('that cannot be made stop a push where they decide, and not where they only warn', async () => {
    const job = jobTo('1', { image: 'missing:1' });
    await assert.rejects(runnerWith({ existingTag: 'refuse' }).runner.run(job, options), { code: 'imageNotFound' });
    await runnerWith({ existingTag: 'warn' }).runner.run(job, options);
  });
});

suite('a push where nobody is asked', () => {
  const sentences = {
    everybody: 'Everybody who can reach gitea.test can pull the images of dev: this owner is public.',
    signedIn: 'Everybody who is signed in to gitea.test can pull the images of dev.',
  };

  for (const audience of ['everybody', 'signedIn'] as const) {
    test(`says before it ends and in each result who can pull (${audience})`, async () => {
      const { runner, asked } = runnerWith({ latestTag: 'warn' }, other, { audience });
      const said: string[] = [];
      const jobs = [jobTo('1', { isUnattended: true }), jobTo('latest', { isUnattended: true })];
      const outcomes = await runner.runAll(jobs, { ...options, onNotice: (notice) => said.push(notice) });
      const latest = 'The tag of gitea.test/dev/app:latest does not say which version it is.';
      assert.deepEqual(
        outcomes.map((outcome) => outcome.kind === 'pushed' && outcome.result.notices),
        [
          ['from before', sentences[audience]],
          ['from before', sentences[audience], latest],
        ],
      );
      assert.deepEqual([...new Set(said)].sort(), [sentences[audience], latest].sort());
      assert.deepEqual(asked, [], 'it is said, and nobody is asked');
    });
  }

  test('says nothing of an owner whose images few can pull, nor to a person, who was asked before', async () => {
    for (const [audience, isUnattended] of [
      [undefined, true],
      ['everybody', false],
    ] as const) {
      const { runner } = runnerWith({}, other, audience === undefined ? {} : { audience });
      const said: string[] = [];
      const job = jobTo('1', isUnattended ? { isUnattended } : {});
      const result = await runner.run(job, { ...options, onNotice: (notice) => said.push(notice) });
      assert.deepEqual([result.notices, said], [['from before'], []]);
    }
  });

  test('does not wait for what the registry says about the owner', async () => {
    const said = new EventEmitter();
    const audience = once(said, 'answered').then(([answer]) => answer as WideAudience);
    const { runner, pushed } = runnerWith({}, other, { audience });
    const running = runner.run(jobTo('1', { isUnattended: true }), options);
    while (pushed.length === 0) await setImmediate();
    said.emit('answered', 'everybody');
    assert.deepEqual((await running).notices, ['from before', sentences.everybody]);
  });
});
