/** Thrown by a prompt when the person goes back, or closes it. Caught by `runSteps`. */
export class Turn extends Error {
  readonly to: 'back' | 'out';

  constructor(to: 'back' | 'out') {
    super(to);
    this.to = to;
  }
}

/** Where in a sequence a prompt stands. */
export interface Place {
  readonly title: string;
  readonly step: number;
  readonly totalSteps: number;
}

/** One question of a sequence. */
export interface Step<State, Name extends string = string> {
  readonly name: Name;
  /** True if the state already answers it: then it is not asked, and going back passes over it. */
  readonly isSettled?: (state: State) => boolean | Promise<boolean>;
  readonly ask: (state: State, place: Place) => Promise<State>;
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
    const open = await openFrom(steps, index, state);
    if (open[0] !== step) {
      index++;
      continue;
    }
    const place = { title, step: trail.length + 1, totalSteps: trail.length + open.length };
    try {
      state = await step.ask(state, place);
      trail = [...trail, index];
      index++;
    } catch (turn) {
      if (turn instanceof Turn && turn.to === 'out') return undefined;
      if (turn instanceof Turn) {
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

/** The steps from `index` on that still have something to ask. */
async function openFrom<State>(
  steps: readonly Step<State>[],
  index: number,
  state: State,
): Promise<readonly Step<State>[]> {
  const open: Step<State>[] = [];
  for (const step of steps.slice(index)) {
    if ((await step.isSettled?.(state)) !== true) open.push(step);
  }
  return open;
}
