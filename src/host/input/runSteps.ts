/** Thrown by a prompt if the person goes back or closes it. Caught by `runSteps`. */
export class Navigation extends Error {
  readonly to: 'back' | 'cancel';

  constructor(to: 'back' | 'cancel') {
    super(to);
    this.to = to;
  }
}

/** The title and the step number of a prompt. */
export interface StepPosition extends StepNumber {
  readonly title: string;
}

interface StepNumber {
  readonly step: number;
  /** As far as it is known yet. */
  readonly totalSteps: number;
}

/** A question that was asked, by its position among the steps. */
interface Asked {
  readonly index: number;
  readonly number: StepNumber;
}

/** One question of a sequence. */
export interface Step<State, Name extends string = string> {
  readonly name: Name;
  /** True if the state answers the question already. It is skipped then, also on the way back. */
  readonly isSettled?: (state: State) => boolean | Promise<boolean>;
  /** It seldom asks something, so it is not counted as long as that is not known. */
  readonly isRare?: boolean;
  readonly ask: (state: State, position: StepPosition) => Promise<State>;
}

/** Thrown by a step if an earlier answer is wrong. Continues at that step with this state. */
export class AskAgain<State> extends Error {
  readonly step: string;
  readonly state: State;

  constructor(step: string, state: State) {
    super(`ask again: ${step}`);
    this.step = step;
    this.state = state;
  }
}

/** Asks the questions in order. The person can go back. Undefined if they cancel. */
export async function runSteps<State>(
  title: string,
  steps: readonly Step<State>[],
  start: State,
): Promise<State | undefined> {
  let state = start;
  let asked: readonly Asked[] = [];
  let index = 0;
  for (let step = steps[index]; step !== undefined; step = steps[index]) {
    if ((await step.isSettled?.(state)) === true) {
      index++;
      continue;
    }
    const number = numberAfter(asked.at(-1)?.number, countOpen(steps.slice(index + 1), state));
    try {
      state = await step.ask(state, { title, ...number });
      asked = [...asked, { index, number }];
      index++;
    } catch (error) {
      if (error instanceof Navigation && error.to === 'cancel') return undefined;
      if (error instanceof Navigation) {
        index = asked.at(-1)?.index ?? 0;
        asked = asked.slice(0, -1);
      } else if (error instanceof AskAgain) {
        state = error.state as State;
        index = steps.findIndex(({ name }) => name === error.step);
        asked = asked.filter((earlier) => earlier.index < index);
      } else throw error;
    }
  }
  return state;
}

/**
 * The number of a question with so many `later` ones. The total that was shown stays: a question that an earlier answer has
 * settled counts as asked, so that `dev@gitea.example.com` leads from 1/3 to 3/3.
 */
function numberAfter(former: StepNumber | undefined, later: number): StepNumber {
  const { step, totalSteps } = former ?? { step: 0, totalSteps: 0 };
  const next = Math.max(step + 1, totalSteps - later);
  return { step: next, totalSteps: next + later };
}

/** The steps that may still ask something. Does not wait for a server: such a step counts, unless it is rare. */
function countOpen<State>(steps: readonly Step<State>[], state: State): number {
  return steps.filter((step) => {
    const settled = step.isSettled?.(state);
    if (!(settled instanceof Promise)) return settled !== true;
    settled.catch(() => undefined);
    return step.isRare !== true;
  }).length;
}
