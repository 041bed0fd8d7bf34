/** Thrown by a prompt when the person goes back, or closes it. Caught by `runSteps`. */
export class Navigation extends Error {
  readonly to: 'back' | 'out';

  constructor(to: 'back' | 'out') {
    super(to);
    this.to = to;
  }
}

/** Where in a sequence a prompt stands. */
export interface StepPosition {
  readonly title: string;
  readonly step: number;
  /** As far as it is known yet. */
  readonly totalSteps: number;
}

/** One question of a sequence. */
export interface Step<State, Name extends string = string> {
  readonly name: Name;
  /** True if the state already answers it: then it is not asked, and going back passes over it. */
  readonly isSettled?: (state: State) => boolean | Promise<boolean>;
  readonly ask: (state: State, place: StepPosition) => Promise<State>;
}

/** Thrown by a step that found out that an earlier answer is wrong; carries the state to ask again with. */
export class AskAgain<State> extends Error {
  readonly step: string;
  readonly state: State;

  constructor(step: string, state: State) {
    super(`ask again: ${step}`);
    this.step = step;
    this.state = state;
  }
}

/** Asks the steps in order, with a way back. Undefined if the person leaves. */
export async function runSteps<State>(
  title: string,
  steps: readonly Step<State>[],
  start: State,
): Promise<State | undefined> {
  let state = start;
  let trail: readonly number[] = [];
  let index = 0;
  for (let step = steps[index]; step !== undefined; step = steps[index]) {
    if ((await step.isSettled?.(state)) === true) {
      index++;
      continue;
    }
    const later = countOpen(steps.slice(index + 1), state);
    const place = { title, step: trail.length + 1, totalSteps: trail.length + 1 + later };
    try {
      state = await step.ask(state, place);
      trail = [...trail, index];
      index++;
    } catch (turn) {
      if (turn instanceof Navigation && turn.to === 'out') return undefined;
      if (turn instanceof Navigation) {
        index = trail.at(-1) ?? 0;
        trail = trail.slice(0, -1);
      } else if (turn instanceof AskAgain) {
        state = turn.state as State;
        index = steps.findIndex((one) => one.name === turn.step);
        trail = trail.filter((asked) => asked < index);
      } else throw turn;
    }
  }
  return state;
}

/** Steps that may still have something to ask. Nobody waits for their number: what only a server can tell counts. */
function countOpen<State>(steps: readonly Step<State>[], state: State): number {
  const settled = steps.map((step) => step.isSettled?.(state));
  for (const one of settled) if (one instanceof Promise) one.catch(() => undefined);
  return settled.filter((one) => one !== true).length;
}
