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
import type { Attempt, PushMode } from './onePush.ts';
import { requestKinds, type RequestKind } from './requestKinds.ts';
import { formatTable, type Cell } from './table.ts';

export interface MatrixOptions {
  /** Title of the table; by default the mode and the registry. */
  readonly title?: string;
  readonly registry: RegistryType;
  readonly mode: PushMode;
  readonly faults: readonly FaultRow[];
  readonly kinds?: readonly RequestKind[];
  /** Cells that run at the same time, each with a registry and a proxy of its own: for faults that are mostly waiting. */
  readonly concurrency?: number;
}

/** Milliseconds after which a push counts as hung, also on a busy machine. */
const limitMs = 60_000;

/** Each fault at each request of a push, once and always: one test per cell, and a table at the end. */
export function faultMatrix(options: MatrixOptions): void {
  const title = options.title ?? `${options.mode}, ${options.registry}`;
  const concurrency = options.concurrency ?? 1;
  describe(title, { concurrency }, () => {
    const rigs: FaultRig[] = [];
    /** The rigs that no cell uses. */
    const free: FaultRig[] = [];
    /** In the order of the matrix, in which those that run at the same time need not end. */
    const cells: (Cell | undefined)[] = [];
    let declared = 0;
    before(async () => {
      for (let count = 0; count < concurrency; count++) rigs.push(await openRig(options.registry, limitMs));
      free.push(...rigs);
    });
    after(async () => {
      await output(
        title,
        cells.filter((cell) => cell !== undefined),
      );
      for (const rig of rigs) await rig.close();
    });
    const withRig = async <T>(work: (rig: FaultRig) => Promise<T>): Promise<T> => {
      const rig = free.pop() ?? assert.fail('more cells run at the same time than there are rigs');
      try {
        return await work(rig);
      } finally {
        free.push(rig);
      }
    };
    for (const fault of options.faults) {
      for (const kind of kindsFor(options, fault)) {
        for (const often of ['once', 'always'] as const) {
          const at = declared++;
          it(`${kind}: ${fault.name}, ${often}`, async () => {
            const cell = { kind, fault: fault.name, often };
            try {
              const outcome = await withRig((rig) => runCell(rig, options, kind, fault, often));
              cells[at] = { ...cell, ...outcome };
            } catch (error) {
              cells[at] = { ...cell, outcome: 'WRONG', isRight: false };
              throw error;
            }
          });
        }
      }
    }
    it('asks every kind of request that belongs to this mode', () => withRig((rig) => assertAsksEvery(rig, options)));
  });
}

async function assertAsksEvery(rig: FaultRig, options: MatrixOptions): Promise<void> {
  const repository = await rig.prepare();
  await rig.proxy.arm(undefined);
  const attempt = await rig.push(repository, options.mode);
  assert.equal(attempt.error, undefined);
  const asked = [...rig.proxy.seen.keys()];
  for (const kind of kindsOf(options)) assert(asked.includes(kind), `${kind} is asked`);
  await readBySkopeo(rig, attempt);
}

function kindsOf({ registry, mode, kinds }: MatrixOptions): readonly RequestKind[] {
  if (kinds !== undefined) return kinds;
  const absent = new Set<RequestKind>(['GET']);
  if (registry === 'distribution') absent.add('token').add('POST blob');
  // This registry mounts a blob only from a repository that is named, and no repository has what the engine compressed.
  if (registry === 'distribution' && mode !== 'export') absent.add('POST mount');
  // The session that proves write access is the first blob's, and no mount leaves another session open.
  if (registry === 'distribution' && mode !== 'export') absent.add('DELETE session');
  // The engine begins each upload with its digest, and its config is relayed like its layers.
  if (registry === 'gitea' && mode !== 'export') absent.add('POST session').add('POST blob');
  return requestKinds.filter((kind) => !absent.has(kind));
}

/** A streamed blob that is sent whole is the body of its PUT; in chunks, and from the spool, the PUT has no body. */
function hasBody(kind: RequestKind, { mode, registry }: MatrixOptions): boolean {
  if (kind === 'PUT blob') return mode === 'relay, whole blobs' || registry === 'distribution';
  return kind === 'PATCH' || kind === 'PUT manifest' || kind === 'POST blob';
}

function kindsFor(options: MatrixOptions, { needsBody, needsTokens }: FaultRow): readonly RequestKind[] {
  if (needsTokens === true && options.registry === 'distribution') return [];
  return kindsOf(options).filter((kind) => needsBody !== true || hasBody(kind, options));
}

/** The outcome of one push with a fault. Throws if it is not an expected one. */
async function runCell(
  rig: FaultRig,
  { mode, registry }: MatrixOptions,
  kind: RequestKind,
  fault: FaultRow,
  often: Frequency,
): Promise<{ readonly outcome: string; readonly isRight: boolean }> {
  const repository = await rig.prepare();
  // The tag must stay on the former image, or move to the whole new one.
  const former = endsPush.has(kind) ? await rig.occupy(repository) : undefined;
  const sessions = await rig.registry.openSessions(repository);
  await rig.proxy.arm({ kinds: [kind], action: fault.action, times: often === 'once' ? 1 : Infinity });
  const attempt = await rig.push(repository, mode);
  const strikes = rig.proxy.strikes;
  await rig.proxy.arm(undefined);
  if (strikes === 0) return { outcome: '·', isRight: true };
  assert(!attempt.isHung, 'the push did not end');
  const outcome = await judge(rig, attempt, former);
  const allowed = expectedOutcomes(kind, fault.name, often);
  await assertNothingLeft(rig, attempt);
  const left = (await rig.registry.openSessions(repository)) - sessions;
  // A push that fails stops the other uploads; an engine sends several layers at a time.
  const isUploadBesideTorn = outcome !== 'image' && mode !== 'export';
  if (!mayLeaveSession(kind, fault, { registry, isUploadBesideTorn }))
    assert.equal(left, 0, 'an upload session stays open');
  assert(
    allowed.some((one) => one === outcome),
    `${outcome} instead of ${allowed.join(' or ')}: ${messageOf(attempt)}`,
  );
  return { outcome, isRight: true };
}

/** Requests at which the tag is about to become another image. */
const endsPush: ReadonlySet<RequestKind> = new Set(['PUT blob', 'PUT manifest', 'HEAD tag']);

function messageOf({ error }: Attempt): string {
  return error instanceof Error ? error.message : 'the image is right';
}

/**
 * Reads the tag back and gives the outcome. Also after a failure the tag must be the old image or the complete new one;
 * `former`: the config of the old one, where there was one.
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
  assert.deepEqual(rig.leaks.splice(0), [], 'another host received credentials or bytes');
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
