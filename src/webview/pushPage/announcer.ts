/** Milliseconds between two sentences that a screen reader is given. */
const interval = 10_000;

/** Says what is new, not more often than every few seconds: the last sentence, if several came meanwhile. */
export class Announcer {
  readonly #say: (text: string) => void;
  #said = '';
  #next = '';
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(say: (text: string) => void) {
    this.#say = say;
  }

  update(text: string): void {
    this.#next = text;
    if (this.#timer === undefined) this.#sayNext();
  }

  #sayNext(): void {
    this.#timer = undefined;
    if (this.#next === this.#said) return;
    this.#said = this.#next;
    this.#say(this.#next);
    this.#timer = setTimeout(() => {
      this.#sayNext();
    }, interval);
  }
}
