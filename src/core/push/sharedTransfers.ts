import { cancelledBy, orCancelled } from '../base/cancel.ts';
import { toTeaChestError, type ErrorCode } from '../base/errors.ts';
import { Semaphore } from '../base/semaphore.ts';
import { Spool } from '../spool/spool.ts';
import { transferByExport, type ExportOutcome } from './export/transferByExport.ts';
import type { LayerLedger } from './layerLedger.ts';
import { locateLayers } from './planLayers.ts';
import type { TransferredLayers } from './publishLayers.ts';
import type { AttemptContext } from './pushContext.ts';

/** An image that is to be exported, in its attempt. */
interface Exported {
  readonly context: AttemptContext;
  readonly ledger: LayerLedger;
  readonly spool: Spool;
}

/** An image that waits for the plans of the others and for its turn. A cancel ends it at once until its export begins. */
class Waiting implements Exported {
  readonly context: AttemptContext;
  readonly ledger: LayerLedger;
  readonly spool: Spool;
  readonly #outcome = Promise.withResolvers<ExportOutcome>();
  #isSettled = false;

  constructor({ context, ledger, spool }: Exported) {
    this.context = context;
    this.ledger = ledger;
    this.spool = spool;
    this.wait();
  }

  get outcome(): Promise<ExportOutcome> {
    return this.#outcome.promise;
  }

  /** Nothing of it is being transferred. */
  wait(): void {
    const { signal } = this.context;
    if (signal.aborted) this.#cancel();
    else signal.addEventListener('abort', this.#cancel, { once: true });
  }

  /** Its export begins, and says when it has ended. False if it has an outcome already. */
  begin(): boolean {
    this.context.signal.removeEventListener('abort', this.#cancel);
    return !this.#isSettled;
  }

  readonly settle = (outcome: ExportOutcome): void => {
    this.#isSettled = true;
    this.#outcome.resolve(outcome);
  };

  readonly #cancel = (): void => {
    this.settle({ kind: 'failed', error: cancelledBy(this.context.signal), isOfArchive: false });
  };
}

/** A smaller export does not help against these. */
const spoolFailures: ReadonlySet<ErrorCode> = new Set(['spoolFull', 'spoolFailed']);

/**
 * The transfers of several images: one at a time, so that each finds in the registry what those before it have sent. The
 * images that are exported wait for each other and leave the engine together, once. If that fails, they are exported one
 * by one.
 */
export class SharedTransfers {
  readonly #turn = new Semaphore(1);
  readonly #onReady: () => void;
  /** Members that may still join the common export. */
  #undecided: number;
  #waiting: readonly Waiting[] = [];
  /** Resolves at the end of the common export. */
  readonly #exported = Promise.withResolvers<undefined>();
  #hasBegun = false;

  /** `onReady`: every member is planned or has ended, and the first transfer is about to begin. */
  constructor(members: number, onReady: () => void = () => undefined) {
    this.#undecided = members;
    this.#onReady = onReady;
  }

  /** For one image. It must `leave` when it ends. */
  member(): TransferMember {
    return new TransferMember(this);
  }

  /** One member less may join the common export. */
  decide(): void {
    if (--this.#undecided > 0) return;
    this.#onReady();
    void this.#exportTogether().finally(() => {
      this.#exported.resolve(undefined);
    });
  }

  async exportWithOthers(exported: Exported): Promise<ExportOutcome> {
    const waiting = new Waiting(exported);
    this.#waiting = [...this.#waiting, waiting];
    this.decide();
    return await waiting.outcome;
  }

  /** After the common export: for an image that was not part of it after all. */
  async exportAlone(exported: Exported): Promise<ExportOutcome> {
    return await this.inTurn(exported.context, () => this.#exportAlone(exported));
  }

  /** Runs one transfer after all that came before. `isFirst`: none did. */
  async inTurn<T>(context: AttemptContext, work: (isFirst: boolean) => Promise<T>): Promise<T> {
    await orCancelled(this.#exported.promise, context.signal);
    return await this.#turn.run(() => {
      const isFirst = !this.#hasBegun;
      this.#hasBegun = true;
      return work(isFirst);
    }, context.signal);
  }

  /** Never rejects: each image gets its own outcome. */
  async #exportTogether(): Promise<void> {
    for (const group of Map.groupBy(this.#waiting, ({ context }) => context.request.codec.id).values()) {
      const waiting = group.filter((one) => one.begin());
      const alone = waiting.length === 1 ? waiting : await this.#exportAll(waiting);
      for (const one of alone) one.wait();
      for (const one of alone) if (one.begin()) one.settle(await this.#exportAlone(one));
    }
  }

  /** Gives the images that have to be exported by themselves. */
  async #exportAll(waiting: readonly Waiting[]): Promise<readonly Waiting[]> {
    const [first, ...others] = waiting;
    if (first === undefined) return [];
    this.#hasBegun = true;
    const { spoolRoot, spoolLimit, logger } = first.context;
    const spool = await Spool.create(spoolRoot, spoolLimit).catch((error: unknown) => toTeaChestError(error));
    // Then each image says why.
    if (!(spool instanceof Spool)) return waiting;
    const outcomes = await transferByExport([first, ...others], spool);
    await spool.dispose();
    return waiting.filter((one, at) => {
      const outcome = outcomes[at];
      if (outcome === undefined) return true;
      if (outcome.kind === 'failed' && outcome.isOfArchive && !spoolFailures.has(outcome.error.code)) {
        logger.warn(`${one.context.image.id} is exported alone, not together with others: ${outcome.error.message}`);
        return true;
      }
      one.settle(outcome);
      return false;
    });
  }

  async #exportAlone({ context, ledger, spool }: Exported): Promise<ExportOutcome> {
    try {
      if (this.#hasBegun) {
        ledger.dropUnstored();
        await locateLayers(context, ledger);
      }
      this.#hasBegun = true;
      const [outcome] = await transferByExport([{ context, ledger }], spool);
      if (outcome === undefined) throw new Error('the export has no outcome');
      return outcome;
    } catch (error) {
      return { kind: 'failed', error: toTeaChestError(error), isOfArchive: false };
    }
  }
}

/** The transfers of one image, among those of others. */
export class TransferMember {
  readonly #shared: SharedTransfers;
  readonly #decided = Promise.withResolvers<undefined>();
  #hasDecided = false;

  constructor(shared: SharedTransfers) {
    this.#shared = shared;
  }

  /** Resolves when the image waits for its transfer, or has ended. */
  get decided(): Promise<void> {
    return this.#decided.promise;
  }

  /** Exports the image, together with the others that are exported. */
  async export(context: AttemptContext, ledger: LayerLedger, spool: Spool): Promise<TransferredLayers> {
    // Not together with the others if the engine could not push it, or if its first attempt has failed.
    const isLate = this.#hasDecided;
    this.#decide();
    const outcome = isLate
      ? await this.#shared.exportAlone({ context, ledger, spool })
      : await this.#shared.exportWithOthers({ context, ledger, spool });
    if (outcome.kind === 'failed') throw outcome.error;
    return outcome.transferred;
  }

  /** Runs `work`, which transfers the image in another way, after the transfers of other images. */
  async inTurn<T>(context: AttemptContext, ledger: LayerLedger, work: () => Promise<T>): Promise<T> {
    this.leave();
    return await this.#shared.inTurn(context, async (isFirst) => {
      // Images before this one may have sent some of its layers.
      if (!isFirst) await locateLayers(context, ledger);
      return await work();
    });
  }

  /** It does not join the common export. */
  leave(): void {
    if (this.#hasDecided) return;
    this.#decide();
    this.#shared.decide();
  }

  #decide(): void {
    this.#hasDecided = true;
    this.#decided.resolve(undefined);
  }
}
