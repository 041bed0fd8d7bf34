import * as l10n from '@vscode/l10n';
import * as vscode from 'vscode';
import { sleep } from '../../../core/base/cancel.ts';
import { toTeaChestError } from '../../../core/base/errors.ts';
import { cutToWidth } from '../../../core/base/textWidth.ts';
import { plainText } from '../../../core/base/plainText.ts';
import type { ImagesSnapshot } from '../../../core/push/imagesProgress.ts';
import { errorMessage } from '../../errors/errorMessages.ts';
import type { UnattendedOptions, UnattendedOutcome } from '../../push/pushUnattended.ts';
import { movingLine, progressLines, resultLines } from './pushLines.ts';

/** Exit codes of a task. 130 is what a shell gives for a program that Ctrl+C has ended. */
const exitCodes = { pushed: 0, failed: 1, cancelled: 130 } as const;

/** Milliseconds. A cancelled push closes its upload sessions meanwhile; it goes on doing that if it takes longer. */
const longestCancelMs = 1_500;

const ctrlC = '\u0003';
/** To the beginning of the line, and erases it (ECMA-48). */
const clearLine = '\r\u001b[K';

/** Pushes as a task says. Rejects if the task itself is wrong. */
export type RunPush = (options: Required<UnattendedOptions>) => Promise<readonly UnattendedOutcome[]>;

/**
 * The terminal of a push task: whole lines of plain text, and in a terminal that is shown one more line that changes while
 * bytes move. Text from outside cannot control the terminal: see `plainText`.
 */
export class PushTerminal implements vscode.Pseudoterminal {
  readonly #run: RunPush;
  readonly #wait: typeof sleep;
  readonly #written = new vscode.EventEmitter<string>();
  readonly #closed = new vscode.EventEmitter<number>();
  readonly #cancel = new AbortController();
  readonly onDidWrite = this.#written.event;
  readonly onDidClose = this.#closed.event;
  #columns: number | undefined;
  #hasMovingLine = false;
  #isOver = false;
  #last: ImagesSnapshot | undefined;
  /** Notices that were written before their image was pushed. */
  readonly #notices = new Set<string>();

  constructor(run: RunPush, wait: typeof sleep = sleep) {
    this.#run = run;
    this.#wait = wait;
  }

  open(dimensions: vscode.TerminalDimensions | undefined): void {
    this.#columns = dimensions?.columns;
    void this.#push();
  }

  setDimensions({ columns }: vscode.TerminalDimensions): void {
    this.#columns = columns;
  }

  handleInput(data: string): void {
    if (data.includes(ctrlC)) this.#stop();
  }

  /** The person terminates the task, or closes its terminal. */
  close(): void {
    this.#stop();
  }

  #stop(): void {
    if (this.#isOver || this.#cancel.signal.aborted) return;
    this.#line(l10n.t('Cancelling…'));
    this.#cancel.abort();
    void this.#wait(longestCancelMs).then(() => {
      this.#end('cancelled');
    });
  }

  async #push(): Promise<void> {
    try {
      const outcomes = await this.#run({
        signal: this.#cancel.signal,
        onResolved: (jobs) => {
          for (const { image, target } of jobs) {
            this.#line(plainText(l10n.t`Pushing ${image} to ${target.host}/${target.repository}:${target.tag}`));
          }
        },
        onNotice: (notice) => {
          if (!this.#notices.has(notice)) this.#line(plainText(notice));
          this.#notices.add(notice);
        },
        onProgress: (snapshot) => {
          this.#show(snapshot);
        },
      });
      if (this.#isOver) return;
      for (const line of resultLines(outcomes, this.#notices)) this.#line(line);
      this.#end(exitOf(outcomes));
    } catch (error) {
      const failure = toTeaChestError(error);
      this.#line(plainText(errorMessage(failure).message));
      this.#end(failure.code === 'cancelled' ? 'cancelled' : 'failed');
    }
  }

  #show(snapshot: ImagesSnapshot): void {
    if (this.#isOver) return;
    for (const line of progressLines(this.#last, snapshot)) this.#line(line);
    this.#last = snapshot;
    const isMoving = snapshot.ended < snapshot.images.length && !this.#cancel.signal.aborted;
    if (this.#columns === undefined || !isMoving) return;
    // A line that fills the terminal would wrap, and could not be erased.
    this.#written.fire(clearLine + cutToWidth(movingLine(snapshot), this.#columns - 1));
    this.#hasMovingLine = true;
  }

  #line(text: string): void {
    if (this.#isOver) return;
    this.#written.fire(`${this.#hasMovingLine ? clearLine : ''}${text}\r\n`);
    this.#hasMovingLine = false;
  }

  #end(how: keyof typeof exitCodes): void {
    if (this.#isOver) return;
    this.#isOver = true;
    if (this.#hasMovingLine) this.#written.fire(clearLine);
    this.#closed.fire(exitCodes[how]);
  }
}

function exitOf(outcomes: readonly UnattendedOutcome[]): keyof typeof exitCodes {
  const errors = outcomes.flatMap((outcome) => ('error' in outcome ? [outcome.error] : []));
  if (errors.some(({ code }) => code === 'cancelled')) return 'cancelled';
  return errors.length === 0 ? 'pushed' : 'failed';
}
