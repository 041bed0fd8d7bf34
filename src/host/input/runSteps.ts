/** Thrown by a prompt if the person goes back or closes it. Caught by `runSteps`. */
export class Navigation extends Error {
  readonly to: 'back' | 'cancel';

  constructor(to: 'back' | 'cancel') {
    super(to);
    this.to = to;
  }
}

/** The title and the step number of a prompt. */
export interface StepPosition {
  readonly title: string;
  readonly step: number;
  /** As far as it is known yet. */
  readonly totalSteps: number;
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
  let asked: readonly number[] = [];
  let index = 0;
  for (let step = steps[index]; step !== undefined; step = steps[index]) {
    if ((await step.isSettled?.(state)) === true) {
      index++;
      continue;
    }
    const later = countOpen(steps.slice(index + 1), state);
    const position = { title, step: asked.length + 1, totalSteps: asked.length + 1 + later };
    try {
      state = await step.ask(state, position);
      asked = [...asked, index];
      index++;
    } catch (error) {
      if (error instanceof Navigation && error.to === 'cancel') return undefined;
      if (error instanceof Navigation) {
        index = asked.at(-1) ?? 0;
        asked = asked.slice(0, -1);
      } else if (error instanceof AskAgain) {
        state = error.state as State;
        index = steps.findIndex(({ name }) => name === error.step);
        asked = asked.filter((earlier) => earlier < index);
      } else throw error;
    }
  }
  return state;
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
