import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, beforeEach, describe, it } from 'node:test';
import { TeaChestError } from '../../../src/core/base/errors.ts';
import { digestOf } from '../../../src/core/oci/digest.ts';
import { mediaTypes } from '../../../src/core/oci/mediaTypes.ts';
import type { EngineManifest } from '../../../src/core/ports/imageSource.ts';
import { someLayer } from './fakes.ts';
import { ImagesRig, type ImageSpec } from './imagesRig.ts';

const base = { bytes: someLayer(1, 400_000) };
const images: readonly ImageSpec[] = [1, 2, 3].map((n) => ({
  name: `app${n}:1`,
  layers: [base, { bytes: someLayer(n + 10, 20_000 * n) }],
}));

describe('a push of several images', () => {
  const rig = new ImagesRig();
  before(() => rig.setUp());
  after(() => rig.tearDown());
  beforeEach(() => {
    rig.reset(images);
  });

  const targets = images.map(({ name }) => `dev/${name}`);

  it('sends a layer that they share once, and publishes all', async () => {
    const results = await rig.pushed(targets);
    rig.assertPulled(targets);
    assert.equal(rig.registry.sentBytes, rig.registry.distinctBytes());
    // Any of them may be the one that sends it.
    assert.equal(results.filter(({ mountedBytes }) => mountedBytes === 0).length, 1);
    await rig.assertNothingLeft();
  });

  it('to one repository sends a shared layer once as well', async () => {
    const same = images.map(({ name }, at) => [name, `dev/all:${at}`] as const);
    await rig.pushed(same);
    assert.equal(rig.registry.sentBytes, rig.registry.distinctBytes());
    rig.assertPulled(same);
  });

  it('exports them together, with one request', async () => {
    await rig.pushed(targets);
    assert.deepEqual(
      rig.engine.exports.map((ids) => ids.length),
      [3],
    );
    assert.equal(rig.engine.readOf(base), 1, 'the base was read more than once');
  });

  it('reads a layer that the archive does not name once', async () => {
    rig.reset(images.map((image) => ({ ...image, layers: image.layers.map((one) => ({ ...one, named: false })) })));
    await rig.pushed(targets);
    rig.assertPulled(targets);
    assert.equal(rig.registry.sentBytes, rig.registry.distinctBytes());
  });

  it('has one plan, in which each layer is counted once, before bytes move', async () => {
    await rig.pushed(targets);
    const plans = rig.events.flatMap((event, at) => (event.type === 'planned' ? [{ at, plan: event.plan }] : []));
    assert.equal(plans.length, 1);
    const [{ plan, at } = assert.fail()] = plans;
    assert.equal(plan.layers.length, 4);
    assert.deepEqual(
      plan.images.map(({ layers }) => layers),
      [
        [0, 1],
        [0, 2],
        [0, 3],
      ],
    );
    // An estimate: the base may be as large as the smallest image.
    assert.equal(plan.imageBytes, 420_000 + 20_000 + 40_000);
    const isMoving = rig.events
      .slice(0, at)
      .some((event) => event.type === 'image' && event.event.type === 'layer' && event.event.status.readBytes > 0);
    assert.ok(!isMoving, 'a byte was read before the plan');
  });

  it('that is repeated finds every tag unchanged, and exports nothing', async () => {
    await rig.pushed(targets);
    const results = await rig.pushed(targets);
    assert.deepEqual(
      results.map(({ strategy, isUnchanged, uploadedBytes }) => [strategy, isUnchanged, uploadedBytes]),
      targets.map(() => ['none', true, 0]),
    );
    assert.equal(rig.engine.exports.length, 1);
  });

  it('with several tags of one image transfers it once, and puts the same manifest under each tag', async () => {
    const tags = ['1', '2', '3', '4'].map((tag) => ['app1:1', `dev/app1:${tag}`] as const);
    const results = await rig.pushed(tags);
    rig.assertPulled(tags);
    assert.equal(new Set(results.map(({ digest }) => digest)).size, 1);
    assert.deepEqual(
      results.map(({ uploadedBytes }) => uploadedBytes > 0),
      [true, false, false, false],
    );
    const calls = rig.registry.callsOf('dev/app1');
    assert.equal(calls.filter((call) => call === 'putManifest').length, 4);
    assert.deepEqual(
      calls.filter((call) => call.startsWith('getManifest sha256:')),
      [],
      'the storage of a Gitea with SERVE_DIRECT may be out of reach',
    );
    assert.equal(calls.filter((call) => call === 'uploadBlob').length, 3, 'two layers and the config');
  });

  it('tells a list from the one of its images whose ID the engine gives for it', async () => {
    const inspect = rig.engine.inspect.bind(rig.engine);
    const manifests = ['app1:1', 'app2:1'].map((name, at): EngineManifest => {
      const platform = { os: 'linux', architecture: `arch${at}` };
      return { digest: digestOf(Buffer.from(name)), isAvailable: true, platform, imageId: rig.engine.idOf(name) };
    });
    // As podman does.
    rig.engine.inspect = async (name) =>
      name === 'list:1'
        ? { ...(await inspect('app1:1')), manifestType: mediaTypes.ociIndex, manifests }
        : await inspect(name);
    await rig.pushed([
      ['list:1', 'dev/app:list'],
      ['app1:1', 'dev/app:one'],
    ]);
    const { manifests: stored } = rig.registry.repository('dev/app');
    const index = JSON.parse(String(stored.get('list'))) as { manifests: unknown[] };
    assert.equal(index.manifests.length, 2);
    rig.assertPulled([['app1:1', 'dev/app:one']]);
  });

  it('goes on with the other tags if one tag is refused', async () => {
    rig.registry.onCall = (_, call, tag) => {
      if (call === 'putManifest' && tag === '1') throw new TeaChestError('registryRefused', 'The tag is protected.');
    };
    const tags = ['1', '2'].map((tag) => ['app1:1', `dev/app1:${tag}`] as const);
    const outcomes = await rig.push(tags);
    assert.deepEqual(rig.codesOf(outcomes), ['registryRefused', 'pushed']);
    rig.assertPulled(tags.slice(1));
  });

  it('goes on without an image that the engine does not have, and without a repository that may not be written to', async () => {
    rig.registry.onCall = (repository, call) => {
      if (repository === 'dev/app2' && call === 'checkAccess') throw new TeaChestError('accessDenied', 'Not yours.');
    };
    const outcomes = await rig.push([['absent:1', 'dev/absent:1'], ...targets.map(rig.pairOf)]);
    assert.deepEqual(rig.codesOf(outcomes), ['imageNotFound', 'pushed', 'accessDenied', 'pushed']);
    rig.assertPulled(targets.filter((target) => !target.includes('app2')));
    await rig.assertNothingLeft();
  });

  it('goes on without the repository that fails during the transfer, though it was the one that sent the shared layer', async () => {
    rig.registry.onCall = (repository, call) => {
      if (repository === 'dev/app1' && call === 'chunk') throw new TeaChestError('quotaExceeded', 'It is full.');
    };
    const outcomes = await rig.push(targets.map(rig.pairOf));
    assert.deepEqual(rig.codesOf(outcomes), ['quotaExceeded', 'pushed', 'pushed']);
    rig.assertPulled(targets.slice(1));
    assert.equal(rig.engine.exports.length, 1);
    await rig.assertNothingLeft();
  });

  it('exports the images one by one if the engine cannot give all of them together', async () => {
    rig.engine.onExport = (ids) => {
      if (ids.length > 1) throw new TeaChestError('engineFailed', 'An image is damaged.', { stage: 'export' });
      if (ids[0] === rig.engine.idOf('app2:1')) throw new TeaChestError('engineFailed', 'It is this one.');
    };
    const outcomes = await rig.push(targets.map(rig.pairOf));
    assert.deepEqual(rig.codesOf(outcomes), ['pushed', 'engineFailed', 'pushed']);
    assert.deepEqual(
      rig.engine.exports.map((ids) => ids.length),
      [3, 1, 1, 1],
    );
    rig.assertPulled(targets.filter((target) => !target.includes('app2')));
    await rig.assertNothingLeft();
  });

  it('exports one by one if a layer in the common archive is damaged, and sends again only what is missing', async () => {
    const damaged = { bytes: someLayer(12, 40_000), sent: someLayer(99, 40_000) };
    rig.reset(images.map((image, at) => (at === 1 ? { ...image, layers: [base, damaged] } : image)));
    const outcomes = await rig.push(targets.map(rig.pairOf));
    assert.deepEqual(rig.codesOf(outcomes), ['pushed', 'layerMismatch', 'pushed']);
    rig.assertPulled(targets.filter((target) => !target.includes('app2')));
    assert.equal(rig.registry.uploadsOf(base), 1);
    await rig.assertNothingLeft();
  });

  it('ends with one reason for all if the sign-in is not accepted', async () => {
    const failure = new TeaChestError('credentialsRejected', 'The password is wrong.', { stage: 'plan' });
    rig.registry.onCall = () => {
      throw failure;
    };
    const outcomes = await rig.push(targets.map(rig.pairOf));
    assert.ok(outcomes.every((outcome) => outcome.kind === 'failed' && outcome.error === failure));
    assert.equal(rig.engine.exports.length, 0);
  });

  it('ends if the engine is gone, and not after one broken connection', async () => {
    rig.engine.onExport = () => {
      throw new TeaChestError('engineLost', 'The connection broke.', { stage: 'export' });
    };
    assert.deepEqual(
      rig.codesOf(await rig.push(targets.map(rig.pairOf))),
      targets.map(() => 'engineLost'),
    );
    const requests = rig.engine.exports.length;
    rig.engine.isGone = true;
    rig.engine.exports.length = 0;
    assert.deepEqual(
      rig.codesOf(await rig.push(targets.map(rig.pairOf))),
      targets.map(() => 'engineStopped'),
    );
    assert.equal(rig.engine.exports.length, 0);
    assert.ok(requests > 1, 'each image is tried by itself');
  });

  it('is cancelled as a whole, wherever it is, and leaves nothing', async () => {
    for (const moment of ['inspect', 'checkAccess', 'chunk', 'putManifest']) {
      rig.reset(images);
      const controller = new AbortController();
      const stopAt = (call: string): void => {
        if (call === moment) controller.abort();
      };
      rig.engine.onInspect = () => {
        stopAt('inspect');
      };
      rig.registry.onCall = (_, call) => {
        stopAt(call.split(' ')[0] ?? '');
      };
      const outcomes = await rig.push(targets.map(rig.pairOf), { signal: controller.signal });
      assert.ok(
        outcomes.some((outcome) => outcome.kind === 'failed' && outcome.error.code === 'cancelled'),
        moment,
      );
      assert.ok(
        rig.codesOf(outcomes).every((code) => code === 'cancelled' || (moment === 'putManifest' && code === 'pushed')),
        `${moment}: ${rig.codesOf(outcomes).join()}`,
      );
      await rig.assertNothingLeft();
    }
  });

  it('goes on without an image that is cancelled alone, though it was sending the shared layer', async () => {
    const controller = new AbortController();
    rig.registry.onCall = (repository, call) => {
      if (repository === 'dev/app1' && call === 'chunk') controller.abort();
    };
    const outcomes = await rig.push(targets.map(rig.pairOf), { signals: { 'dev/app1:1': controller.signal } });
    assert.deepEqual(rig.codesOf(outcomes), ['cancelled', 'pushed', 'pushed']);
    rig.assertPulled(targets.slice(1));
    await rig.assertNothingLeft();
  });

  it('ends an image that is cancelled while it waits for the others, and does not let it wait for their transfer', async () => {
    const controller = new AbortController();
    const planned = Promise.withResolvers<undefined>();
    rig.registry.repository('dev/app2').checkAccess = () => planned.promise;
    const ended = Promise.withResolvers<string>();
    const outcomes = rig.push(targets.map(rig.pairOf), {
      signals: { 'dev/app1:1': controller.signal },
      onEvent: (event) => {
        const isWaiting = event.type === 'image' && event.index === 0 && event.event.type === 'stage';
        if (isWaiting && event.event.stage === 'export')
          setImmediate(() => {
            controller.abort();
          });
      },
      onOutcome: (index, outcome) => {
        if (index === 0) ended.resolve(outcome.kind === 'failed' ? outcome.error.code : outcome.kind);
      },
    });
    assert.equal(await ended.promise, 'cancelled');
    assert.equal(rig.engine.exports.length, 0);
    planned.resolve(undefined);
    assert.deepEqual(rig.codesOf(await outcomes), ['cancelled', 'pushed', 'pushed']);
    assert.deepEqual(
      rig.engine.exports.map((ids) => ids.length),
      [2],
    );
    await rig.assertNothingLeft();
  });

  it('ends an image that is cancelled while others are exported alone before it', async () => {
    const controller = new AbortController();
    const first = Promise.withResolvers<undefined>();
    const exportImages = rig.engine.exportImages.bind(rig.engine);
    rig.engine.exportImages = async function* (all, options) {
      if (all.length > 1) throw new TeaChestError('engineFailed', 'An image is damaged.', { stage: 'export' });
      if (all[0]?.id === rig.engine.idOf('app1:1')) {
        controller.abort();
        await first.promise;
      }
      yield* exportImages(all, options);
    };
    const ended = Promise.withResolvers<undefined>();
    const outcomes = rig.push(targets.map(rig.pairOf), {
      signals: { 'dev/app3:1': controller.signal },
      onOutcome: (index) => {
        if (index === 2) ended.resolve(undefined);
      },
    });
    await ended.promise;
    first.resolve(undefined);
    assert.deepEqual(rig.codesOf(await outcomes), ['pushed', 'pushed', 'cancelled']);
    assert.equal(rig.engine.exports.length, 2);
    await rig.assertNothingLeft();
  });

  it('ends an image that is cancelled while it is exported alone only when nothing of it is left', async () => {
    rig.engine.onExport = (ids) => {
      if (ids.length > 1) throw new TeaChestError('engineFailed', 'An image is damaged.', { stage: 'export' });
    };
    const controller = new AbortController();
    const repository = rig.registry.repository('dev/app1');
    const uploadBlob = repository.uploadBlob.bind(repository);
    let uploading = 0;
    repository.uploadBlob = async (source, options) => {
      uploading++;
      controller.abort();
      // Its session is closed by a request.
      for (let turns = 0; turns < 20; turns++) await new Promise(setImmediate);
      await uploadBlob(source, options).finally(() => uploading--);
    };
    const left: unknown[] = [];
    const outcomes = await rig.push(targets.map(rig.pairOf), {
      signals: { 'dev/app1:1': controller.signal },
      onOutcome: (index) => {
        if (index === 0) left.push(uploading, repository.openSessions);
      },
    });
    assert.deepEqual(rig.codesOf(outcomes), ['cancelled', 'pushed', 'pushed']);
    assert.deepEqual(left, [0, 0]);
    await rig.assertNothingLeft();
  });

  it('goes on if who listens to it fails', async () => {
    const fail = (): void => {
      throw new Error('the view is gone');
    };
    const outcomes = await rig.push(targets.map(rig.pairOf), { onEvent: fail, onOutcome: fail });
    assert.deepEqual(rig.codesOf(outcomes), ['pushed', 'pushed', 'pushed']);
    rig.assertPulled(targets);
    await rig.assertNothingLeft();
  });

  it('is cancelled while an engine that answers nothing any more is asked whether it is there', async () => {
    const controller = new AbortController();
    const inspect = rig.engine.inspect.bind(rig.engine);
    rig.engine.inspect = async (image, call) => {
      if (!image.includes('absent')) return await inspect(image);
      setImmediate(() => {
        controller.abort();
      });
      await once(call?.signal ?? assert.fail(), 'abort');
      throw new TeaChestError('cancelled', 'Cancelled.');
    };
    rig.engine.onExport = () => {
      throw new TeaChestError('engineLost', 'The connection broke.', { stage: 'export' });
    };
    const outcomes = await rig.push(targets.slice(0, 1).map(rig.pairOf), { signal: controller.signal });
    assert.deepEqual(rig.codesOf(outcomes), ['engineLost']);
  });

  it('to registries that share nothing sends the layer to each', async () => {
    const pairs = [
      ['app1:1', 'dev/app1:1'],
      ['app2:1', 'other!dev/app2:1'],
    ] as const;
    await rig.pushed(pairs);
    assert.equal(rig.registry.uploadsOf(base), 1);
    assert.equal(rig.other.uploadsOf(base), 1);
    assert.equal(rig.engine.readOf(base), 1);
  });

  it('where the registry mounts nothing sends the layer to each repository, and reads it once', async () => {
    rig.registry.canMount = false;
    await rig.pushed(targets);
    rig.assertPulled(targets);
    assert.equal(rig.registry.uploadsOf(base), 3);
    assert.equal(rig.engine.readOf(base), 1);
  });

  it('of hundreds of images has few of them in preparation at one time', async () => {
    const many = Array.from({ length: 120 }, (_, at) => ({
      name: `many${at}:1`,
      layers: [base, { bytes: Buffer.from(`layer ${at}`) }],
    }));
    rig.reset(many);
    await rig.pushed(many.map(({ name }) => `dev/${name}`));
    assert.equal(rig.engine.exports.length, 1);
    assert.ok(rig.engine.mostInspections <= 4);
    assert.equal(rig.registry.uploadsOf(base), 1);
    assert.equal(new Set(many.map(({ layers }) => digestOf(layers[1]?.bytes ?? Buffer.alloc(0)))).size, 120);
  });
});
