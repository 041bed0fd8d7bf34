import type { LayerCodec } from '../../../src/core/ports/layerCodec.ts';
import { findBottleneck, type Bottleneck } from '../../../src/core/push/record/bottleneck.ts';
import type { LayerRecord, PushRecord } from '../../../src/core/push/record/pushRecord.ts';
import { newRecord, reducePush } from '../../../src/core/push/record/recordPush.ts';
import type { PushHistory } from '../../../src/host/history/pushHistory.ts';
import { PushRun } from '../../../src/host/push/pushRun.ts';
import { checkPublished } from '../../tools/checkPublished.ts';
import { silentLogger } from '../../tools/silentLogger.ts';
import type { PushRig } from './rig.ts';

export interface RecordedPush {
  readonly record: PushRecord;
  readonly bottleneck: Bottleneck | undefined;
  /** The layers as they were at each report. */
  readonly seen: readonly LayerRecord[];
  /** True at each report at which only an answer was missing. */
  readonly awaited: readonly { readonly isAwaitingAnswer: boolean; readonly etaSeconds: number | undefined }[];
}

/** Where the image goes, and as what it is read back. */
export interface RecordedTarget {
  readonly origin: string;
  /** `host:port` */
  readonly host: string;
  readonly repository: string;
  readonly diffIds: readonly string[];
  readonly credential?: { readonly username: string; readonly secret: string };
}

/** Pushes an image as a window does: with a record, and reports five times a second. The result is read back by skopeo. */
export async function recordedPush(
  rig: Pick<PushRig, 'pushAll'>,
  image: string,
  { origin, host, repository, diffIds, credential }: RecordedTarget,
  codec: LayerCodec,
): Promise<RecordedPush> {
  let record: PushRecord | undefined;
  const begin: PushHistory['begin'] = (images) => {
    record = newRecord({ id: 'one', at: Date.now(), images });
    return {
      id: 'one',
      apply: (change) => {
        if (record !== undefined) record = reducePush(record, change);
        return Promise.resolve();
      },
    };
  };
  const connection = { origin, host } as ConstructorParameters<typeof PushRun>[0][number]['connection'];
  const job = { image, connection, target: { host, repository, tag: '1' } };
  const run = new PushRun([job], new AbortController().signal, { begin }, silentLogger);
  const [seen, awaited]: [LayerRecord[], RecordedPush['awaited'][number][]] = [[], []];
  run.begin();
  const reports = setInterval(() => {
    const { layers, isAwaitingAnswer, etaSeconds } = run.report();
    seen.push(...layers);
    awaited.push({ isAwaitingAnswer, etaSeconds });
  }, 200);
  try {
    const outcomes = await rig.pushAll([[image, `${repository}:1`]], {
      codec,
      onEvent: (event) => {
        run.apply(event);
      },
      onOpened: (target) => {
        run.opened(target);
      },
    });
    await run.finish(outcomes);
    const [outcome] = outcomes;
    if (outcome?.kind !== 'pushed') throw outcome?.error ?? new Error('there is no outcome');
    const reference = `${host}/${repository}:1`;
    await checkPublished(reference, { digest: outcome.result.digest, diffIds, credentials: credential });
  } finally {
    clearInterval(reports);
  }
  if (record === undefined) throw new Error('there is no record');
  return { record, bottleneck: findBottleneck(record.samples.list), seen, awaited };
}
