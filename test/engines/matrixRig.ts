import { join } from 'node:path';

import { createCodec } from '../../src/core/compress/codecs.ts';
import { WorkerPool } from '../../src/core/compress/encoder/workerPool.ts';
import type { EngineEndpoint } from '../../src/core/docker/types.ts';
import type { LayerCodec } from '../../src/core/ports/layerCodec.ts';
import { startFakeGitea, type FakeGitea } from '../fakeGitea/fakeGitea.ts';
import { makeRig } from '../integration/push/rig.ts';
import type { Engine } from '../tools/engine.ts';
import { startNewEngine } from '../tools/newEngine.ts';
import { projectRoot } from '../tools/projectPaths.ts';
import { startRegistry, type Registry } from '../tools/registry.ts';
import type { Credentials } from '../tools/verifyPull.ts';
import type { MatrixEngine } from './engineList.ts';
import { slugOf, type CellEngine } from './pushCell.ts';
import { seedRegistry } from './seedRegistry.ts';

/** What all columns share: the registry that is pushed to, one to pull from, another engine, and the extension's codec. */
export interface Matrix {
  readonly gitea: FakeGitea;
  readonly source: Registry;
  /** Docker with a classic store, which has nothing of the images. */
  readonly puller: Engine;
  readonly codec: LayerCodec;
  readonly credentials: Credentials;
  stop(): Promise<void>;
}

export async function startMatrix(dataParent: string | undefined): Promise<Matrix> {
  const bundle = (name: string): string => join(projectRoot, 'dist', name);
  const pool = new WorkerPool({ worker: bundle('compressWorker.cjs'), deflate: bundle('deflate.wasm') });
  const [gitea, source, puller] = await Promise.all([
    startFakeGitea(),
    startRegistry(),
    startNewEngine({ containerdStore: false, dataParent }),
  ]);
  return {
    ...{ gitea, source, puller },
    codec: createCodec('gzip', undefined, pool),
    credentials: { username: 'dev', secret: 'dev pässword: with everything' },
    stop: async () => {
      await Promise.all([gitea.close(), source.stop(), puller.stop(), pool.close()]);
    },
  };
}

export interface ColumnOptions extends Pick<MatrixEngine, 'family' | 'pull'> {
  /** A part of the names of its repositories. */
  readonly name: string;
  /** How the engine is reached; by its socket if absent. */
  readonly endpoint?: EngineEndpoint;
}

/** Prepares pushes from an engine as the extension makes them: with its pipeline, its codec and the default strategy. */
export async function openColumn(
  { gitea, source, codec, credentials }: Matrix,
  engine: Engine,
  { family, pull, name, endpoint }: ColumnOptions,
): Promise<CellEngine> {
  const rig = await makeRig({ engine, endpoint, url: gitea.url, codec, credential: credentials });
  return {
    ...{ engine, rig, credentials },
    family,
    repositories: { host: gitea.host, owner: `dev/${slugOf(name)}` },
    pullByDigest:
      pull &&
      (async (image, repository) => {
        await seedRegistry(source, image, repository);
        const reference = `${source.host}/${repository}@${image.top.digest}`;
        await pull(engine, reference);
        return reference;
      }),
  };
}
