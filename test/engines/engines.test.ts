import assert from 'node:assert/strict';
import { statfs } from 'node:fs/promises';
import { after, before, describe, it } from 'node:test';

import type { Engine } from '../tools/engine.ts';
import { canInstallDebianPackages } from '../tools/debian.ts';
import { provision } from '../tools/provision.ts';
import { pullByEngine } from '../tools/verifyPull.ts';
import { Closing } from './closing.ts';
import { matrixEngines, type MatrixEngine } from './engineList.ts';
import { report, cellName, type Cells } from './enginesDocument.ts';
import { enginesByWay, expectedCell, isPublished, isWorse, kindsByWay, type Expectation } from './expected.ts';
import { allKinds } from './kinds/allKinds.ts';
import type { ImageKind } from './kinds/imageKind.ts';
import { openColumn, startMatrix, type Matrix } from './matrixRig.ts';
import { pushCell, type Cell, type CellEngine } from './pushCell.ts';
import type { Source } from './sourceImage.ts';
import { openWays, ways, type Ways } from './ways.ts';

const isLarge = process.env['TEA_CHEST_LARGE'] === '1';
const kinds = allKinds({ isLarge });
const dataParent = isLarge ? undefined : await folderInMemory();
const skip = canInstallDebianPackages() ? false : 'private engines of several releases need Debian, and root';
const obstacles = new Map(
  await Promise.all(
    matrixEngines.map(async ({ id, obstacle }) => [id, skip ? undefined : await obstacle?.()] as const),
  ),
);

describe('each kind of image from each engine', { skip, concurrency: 2, timeout: 1_800_000 }, () => {
  let matrix: Matrix;
  // One for all columns: the `ssh` of the PATH has the keys of one server.
  let open: Ways;
  const closing = new Closing();
  const cells: Cells = new Map();
  const sources = new Map<string, Promise<Source>>();
  const sourceOf = (kind: ImageKind): Promise<Source> => {
    const made = sources.get(kind.name) ?? Promise.resolve(kind.make());
    sources.set(kind.name, made);
    return made;
  };

  before(async () => {
    await provision(['engine', 'podman', 'rootless', 'registry', 'skopeo', 'ssh', 'openssl']);
    matrix = await startMatrix(dataParent);
    closing.add(() => matrix.stop());
    open = await openWays();
    closing.add(() => open.stop());
  });
  after(async () => {
    await closing.close();
    await report(cells, kinds, obstacles);
  });

  for (const column of matrixEngines) {
    describe(column.title, { skip: obstacles.get(column.id) ?? false }, () => {
      let at: CellEngine;
      const closing = new Closing();
      before(async () => {
        const engine = await column.start({ dataParent });
        closing.add(() => engine.stop());
        at = await openColumn(matrix, engine, { ...column, name: column.id });
        closing.add(() => at.rig.close());
      });
      after(() => closing.close());

      for (const kind of kinds) {
        const isSlow = !isLarge && kind.slowOn?.includes(column.id) === true;
        it(kind.name, { skip: isSlow && 'takes half a minute: npm run test:engines -- --large' }, async () => {
          const source = await sourceOf(kind);
          const cell = await pushCell(kind, source, at);
          cells.set(cellName(column.id, 'socket', kind.name), cell);
          check(cell, expectedCell(kind.name, column.id));
          if (isPulledFrom(column, kind)) await pullBack(matrix, cell.reference ?? '', source);
        });
      }
    });
  }

  for (const column of matrixEngines.filter(({ id }) => enginesByWay.includes(id))) {
    describe(`${column.title}, not by its socket`, () => {
      let engine: Engine;
      const closing = new Closing();
      before(async () => {
        engine = await column.start({ dataParent });
        closing.add(() => engine.stop());
      });
      after(() => closing.close());

      for (const way of ways) {
        for (const kind of kinds.filter(({ name }) => kindsByWay.includes(name))) {
          it(`${kind.name} by ${way}`, async () => {
            const endpoint = await open.endpoint(engine, way);
            const at = await openColumn(matrix, engine, { ...column, name: `${column.id}-${way}`, endpoint });
            try {
              const cell = await pushCell(kind, await sourceOf(kind), at);
              cells.set(cellName(column.id, way, kind.name), cell);
              check(cell, expectedCell(kind.name, column.id));
            } finally {
              await at.rig.close();
            }
          });
        }
      }
    });
  }
});

function check(cell: Cell, expected: Expectation): void {
  assert.ok(!isWorse(cell, expected), `expected: ${expected.outcome}, found: ${cell.outcome}. ${cell.words}`);
}

/** In memory an engine loads many layers in half the time. Undefined if there are less than 8 GB for it. */
async function folderInMemory(): Promise<string | undefined> {
  const folder = '/dev/shm';
  const space = await statfs(folder).catch(() => undefined);
  return space !== undefined && space.bavail * space.bsize > 8e9 ? folder : undefined;
}

/** One engine's push of each kind is pulled by another engine. */
function isPulledFrom({ id }: MatrixEngine, { name, unpullable }: ImageKind): boolean {
  const first = (['containerd28', 'docker20'] as const).find((from) => isPublished(expectedCell(name, from)));
  return unpullable === undefined && first === id;
}

async function pullBack({ puller, credentials }: Matrix, reference: string, { diffIds }: Source): Promise<void> {
  const pulled = await pullByEngine(puller, reference, credentials);
  assert.deepEqual(pulled.diffIds, diffIds);
  await puller.docker(['image', 'rm', '--force', reference]);
}
