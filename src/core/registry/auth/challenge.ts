import type { ResponseHeaders } from '../http/httpTypes.ts';

/** One challenge of a WWW-Authenticate header (RFC 9110 §11.6.1). */
export interface Challenge {
  /** Lower case: `bearer`, `basic`. */
  readonly scheme: string;
  /** Names in lower case. */
  readonly parameters: Readonly<Record<string, string>>;
}

/**
 * All challenges of an answer, in order, whether they came in one header or in several (Gitea 1.26.0 and Forgejo 14.0.3
 * send Bearer and Basic together, #37289). What cannot be read is left out.
 */
export function parseChallenges(headers: ResponseHeaders): Challenge[] {
  const value = headers['www-authenticate'];
  const lines = value === undefined ? [] : Array.isArray(value) ? value : [value];
  return lines.flatMap((line) => new ChallengeLine(line).read());
}

const tokenCharacter = /[!#$%&'*+\-.^_`|~0-9A-Za-z]/;
const token68Character = /[A-Za-z0-9\-._~+/]/;
const space = /\s/;

/**
 * Reads one header from left to right and never goes back by more than one word: the header is a stranger's, and what
 * takes time that grows with the square of its length could be made to take minutes.
 */
class ChallengeLine {
  readonly #line: string;
  #at = 0;
  readonly #challenges: { readonly scheme: string; readonly parameters: Record<string, string> }[] = [];

  constructor(line: string) {
    this.#line = line;
  }

  read(): Challenge[] {
    for (;;) {
      this.#skip((character) => character === ',' || space.test(character));
      if (this.#at >= this.#line.length) return this.#challenges;
      if (!this.#readOne()) this.#skip((character) => character !== ',');
    }
  }

  /** A scheme, or a parameter of the last scheme. False for what is neither. */
  #readOne(): boolean {
    const begin = this.#at;
    const name = this.#take(tokenCharacter).toLowerCase();
    const afterName = this.#at;
    this.#take(space);
    if (this.#line[this.#at] === '=') {
      this.#at++;
      this.#take(space);
      const value = this.#line[this.#at] === '"' ? this.#quoted() : this.#plain();
      if (name !== '' && value !== undefined) {
        const current = this.#challenges.at(-1);
        if (current !== undefined) current.parameters[name] = value;
        return true;
      }
      this.#at = begin;
      return this.#skipToken68();
    }
    const isWord = this.#at > afterName || this.#at >= this.#line.length || this.#line[this.#at] === ',';
    if (name !== '' && isWord) {
      this.#challenges.push({ scheme: name, parameters: {} });
      return true;
    }
    this.#at = begin;
    return this.#skipToken68();
  }

  /** `"…"`, with escapes resolved; undefined if its end is missing. */
  #quoted(): string | undefined {
    let value = '';
    for (let at = this.#at + 1; at < this.#line.length; at++) {
      const character = this.#line[at];
      if (character === '"') {
        this.#at = at + 1;
        return value;
      }
      value += (character === '\\' ? this.#line[++at] : character) ?? '';
    }
    return undefined;
  }

  /** A value up to the next comma or space; undefined if there is none, or if it goes on with what no value has. */
  #plain(): string | undefined {
    const value = this.#takeWhile(
      (character) => character !== ',' && character !== '=' && character !== '"' && !space.test(character),
    );
    const isWhole = this.#isAtEnd();
    return value !== '' && isWhole ? value : undefined;
  }

  /** The token68 of a scheme (`Negotiate YII…=`): it ends with equal signs, which no parameter's name does. */
  #skipToken68(): boolean {
    const taken = this.#take(token68Character);
    this.#takeWhile((character) => character === '=');
    return taken !== '' && this.#isAtEnd();
  }

  /** Whether only spaces come before the next comma, which are skipped. */
  #isAtEnd(): boolean {
    this.#take(space);
    return this.#at >= this.#line.length || this.#line[this.#at] === ',';
  }

  #take(of: RegExp): string {
    return this.#takeWhile((character) => of.test(character));
  }

  #takeWhile(isTaken: (character: string) => boolean): string {
    const begin = this.#at;
    this.#skip(isTaken);
    return this.#line.slice(begin, this.#at);
  }

  #skip(isSkipped: (character: string) => boolean): void {
    while (this.#at < this.#line.length && isSkipped(this.#line[this.#at] ?? '')) this.#at++;
  }
}
