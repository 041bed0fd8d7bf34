import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { TeaChestError } from '../../src/core/base/errors.ts';
import { resultsFolder } from '../tools/projectPaths.ts';
import { copyBySkopeo } from '../tools/verifyPull.ts';
import { assertClear } from './clearError.ts';
import { expectedOutcomes, mayLeaveSession, type Frequency } from './expected.ts';
import type { FaultRow } from './faultList.ts';
import { openRig, published, type FaultRig, type RegistryType } from './faultRig.ts';
import type { Attempt, Way } from './onePush.ts';
import { requestKinds, type RequestKind } from './requestKinds.ts';
import { formatTable, type Cell } from './table.ts';

export interface MatrixOptions {
  /** Of the table; made of the way and the registry if absent. */
  readonly title?: string;
  readonly registry: RegistryType;
  readonly way: Way;
  readonly faults: readonly FaultRow[];
  readonly kinds?: readonly RequestKind[];
  /** Milliseconds after which a push counts as hung. */
  readonly limitMs: number;
}

/** Each fault at each request of a push, once and always: a test for each cell, and a table at the end. */
export function faultMatrix(options: MatrixOptions): void {
  const title = options.title ?? `${options.way}, ${options.registry}`;
  describe(title, () => {
    let rig: FaultRig;
    const cells: Cell[] = [];
    before(async () => {
      rig = await openRig(options.registry, options.limitMs);
    });
    after(async () => {
      await output(title, cells);
      await rig.close();
    });
    for (const fault of options.faults) {
      for (const kind of kindsFor(options, fault)) {
        for (const often of ['once', 'always'] as const) {
          it(`${kind}: ${fault.name}, ${often}`, async () => {
            const cell = { kind, fault: fault.name, often };
            try {
              cells.push({ ...cell, ...(await runCell(rig, options, kind, fault, often)) });
            } catch (error) {
              cells.push({ ...cell, outcome: 'WRONG', isRight: false });
              throw error;
            }
          });
        }
      }
    }
    it('asks every kind of request that belongs to this way', async () => {
      const repository = await rig.prepare();
      await rig.proxy.arm(undefined);
      const attempt = await rig.push(repository, options.way);
      assert.equal(attempt.error, undefined);
      const asked = [...rig.proxy.seen.keys()];
      for (const kind of kindsOf(options)) assert(asked.includes(kind), `${kind} is asked`);
      await readBySkopeo(rig, attempt);
    });
  });
}

function kindsOf({ registry, way, kinds }: MatrixOptions): readonly RequestKind[] {
  if (kinds !== undefined) return kinds;
  const absent = new Set<RequestKind>(['GET']);
  if (registry === 'distribution') absent.add('token').add('POST blob');
  // What the engine compressed by itself is found nowhere else in a registry that has to be told where to look.
  if (registry === 'distribution' && way !== 'export') absent.add('POST mount');
  // There the session that proves that we may write is the first blob's, and no mount leaves another one over.
  if (registry === 'distribution' && way !== 'export') absent.add('DELETE session');
  // The engine opens with each digest, and its config passes by like its layers.
  if (registry === 'gitea' && way !== 'export') absent.add('POST session').add('POST blob');
  return requestKinds.filter((kind) => !absent.has(kind));
}

/** A whole blob goes with its PUT where it passes by; in chunks, and where it was spooled, the PUT has no body. */
function hasBody(kind: RequestKind, { way, registry }: MatrixOptions): boolean {
  if (kind === 'PUT blob') return way === 'relay, whole blobs' || registry === 'distribution';
  return kind === 'PATCH' || kind === 'PUT manifest' || kind === 'POST blob';
}

function kindsFor(options: MatrixOptions, { needsBody, needsTokens }: FaultRow): readonly RequestKind[] {
  if (needsTokens === true && options.registry === 'distribution') return [];
  return kindsOf(options).filter((kind) => needsBody !== true || hasBody(kind, options));
}

/** What came of one push with a fault. Throws where that is not what was to come of it. */
async function runCell(
  rig: FaultRig,
  { way, registry }: MatrixOptions,
  kind: RequestKind,
  fault: FaultRow,
  often: Frequency,
): Promise<{ readonly outcome: string; readonly isRight: boolean }> {
  const repository = await rig.prepare();
  // What has the name already must keep it, or lose it to the whole new image.
  const former = endsPush.has(kind) ? await rig.occupy(repository) : undefined;
  const sessions = await rig.registry.openSessions(repository);
  await rig.proxy.arm({ kinds: [kind], action: fault.action, times: often === 'once' ? 1 : Infinity });
  const attempt = await rig.push(repository, way);
  const strikes = rig.proxy.strikes;
  await rig.proxy.arm(undefined);
  if (strikes === 0) return { outcome: '·', isRight: true };
  assert(!attempt.isHung, 'the push did not end');
  const outcome = await judge(rig, attempt, former);
  const allowed = expectedOutcomes(kind, fault.name, often);
  await assertNothingLeft(rig, attempt);
  const left = (await rig.registry.openSessions(repository)) - sessions;
  // A push that fails ends the other uploads where they are; an engine sends several layers at a time.
  const isUploadBesideTorn = outcome !== 'image' && way !== 'export';
  if (!mayLeaveSession(kind, fault, { registry, isUploadBesideTorn }))
    assert.equal(left, 0, 'an upload session stays open');
  assert(
    allowed.some((one) => one === outcome),
    `${outcome} instead of ${allowed.join(' or ')}: ${wordsOf(attempt)}`,
  );
  return { outcome, isRight: true };
}

/** Requests at which the tag is about to become another image. */
const endsPush: ReadonlySet<RequestKind> = new Set(['PUT blob', 'PUT manifest', 'HEAD tag']);

function wordsOf({ error }: Attempt): string {
  return error instanceof Error ? error.message : 'the image is right';
}

/**
 * Reads back what the push says it did, and gives what that was. Also after a failure a tag is the old image or wholly
 * the new one; `former`: the config of the old one, where there was one.
 */
async function judge(rig: FaultRig, attempt: Attempt, former: Buffer | undefined): Promise<string> {
  const found = await published(rig, attempt.repository);
  const isNew = found?.config.equals(attempt.image.engine.config) === true;
  if (attempt.result !== undefined) {
    assert(isNew, 'the push succeeded, and the tag is not its image');
    return 'image';
  }
  if (!isNew) assert.deepEqual(found?.config, former, 'the tag is what it was before');
  const { error } = attempt;
  assert(error instanceof TeaChestError, String(error));
  assertClear(error);
  assert.notEqual(error.stage, undefined, 'the error knows its stage');
  return error.code;
}

async function assertNothingLeft(rig: FaultRig, { image }: Attempt): Promise<void> {
  assert.deepEqual(rig.betrayals.splice(0), [], 'another host was sent what is not for it');
  assert.deepEqual(await rig.leftSpools(), [], 'the spool was not cleaned');
  assert.deepEqual([...image.pusher.tags], [], 'a temporary name was left');
}

/** The same image by a tool that is not ours. */
async function readBySkopeo(rig: FaultRig, { repository, image }: Attempt): Promise<void> {
  const copy = await copyBySkopeo(`${rig.registry.host}/${repository}:new`, rig.registry.credential);
  assert.deepEqual(copy.diffIds, image.engine.details.diffIds);
  assert.deepEqual(copy.configDiffIds, image.engine.details.diffIds);
}

async function output(title: string, cells: readonly Cell[]): Promise<void> {
  const table = formatTable(title, cells);
  await mkdir(join(resultsFolder, 'faults'), { recursive: true });
  await writeFile(join(resultsFolder, 'faults', `${title.replaceAll(/\W+/g, '-')}.txt`), table);
  process.stdout.write(table);
}
