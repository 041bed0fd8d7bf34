import type { ResponseHeaders } from '../http/httpTypes.ts';

/** One challenge of a WWW-Authenticate header (RFC 9110 §11.6.1). */
export interface Challenge {
  /** Lower case: `bearer`, `basic`. */
  readonly scheme: string;
  /** Names in lower case. */
  readonly parameters: Readonly<Record<string, string>>;
}

/**
 * All challenges of a response, in order, from one header or several (Gitea 1.26.0 and Forgejo 14.0.3 send Bearer and
 * Basic together, #37289). Leaves out what cannot be parsed.
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
 * Reads one header from left to right, and never goes back by more than one token: the header comes from outside, and with
 * time that grows with the square of its length a server could keep us busy for minutes.
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

  /** Reads a scheme, or a parameter of the last scheme. False if it is neither. */
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

  /** A value up to the next comma or space; undefined if there is none, or if a character follows that no value has. */
  #plain(): string | undefined {
    const value = this.#takeWhile(
      (character) => character !== ',' && character !== '=' && character !== '"' && !space.test(character),
    );
    const isWhole = this.#isAtEnd();
    return value !== '' && isWhole ? value : undefined;
  }

  /** Skips the token68 of a scheme (`Negotiate YII…=`). Unlike the name of a parameter it may end with equal signs. */
  #skipToken68(): boolean {
    const token68 = this.#take(token68Character);
    this.#takeWhile((character) => character === '=');
    return token68 !== '' && this.#isAtEnd();
  }

  /** Skips spaces; true if the next comma or the end follows. */
  #isAtEnd(): boolean {
    this.#take(space);
    return this.#at >= this.#line.length || this.#line[this.#at] === ',';
  }

  #take(of: RegExp): string {
    return this.#takeWhile((character) => of.test(character));
  }

  #takeWhile(matches: (character: string) => boolean): string {
    const begin = this.#at;
    this.#skip(matches);
    return this.#line.slice(begin, this.#at);
  }

  #skip(matches: (character: string) => boolean): void {
    while (this.#at < this.#line.length && matches(this.#line[this.#at] ?? '')) this.#at++;
  }
}
