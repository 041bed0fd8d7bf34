import { isAbsolute } from 'node:path';
import { TeaChestError, type Stage } from '../../core/base/errors.ts';
import { compressions, strategies, type PushArguments } from '../push/pushArguments.ts';
import { isRecord, type UnknownRecord } from '../record.ts';

/** Arguments of `teaChest.signIn`; part of the automation contract. */
export interface SignInArguments {
  readonly url: string;
  readonly username?: string;
  readonly secret?: string;
  readonly trustFingerprint?: string;
  readonly allowHttp?: boolean;
  /** Paths of PEM files. */
  readonly caFile?: string;
  readonly clientCertFile?: string;
  readonly clientKeyFile?: string;
}

/** Arguments of `teaChest.signOut`. */
export interface SignOutArguments {
  readonly url: string;
}

export function readSignInArguments(value: unknown): SignInArguments {
  const read = new Reader('teaChest.signIn', value, 'signIn');
  return read.finish<SignInArguments>({
    url: read.text('url'),
    username: read.optionalText('username'),
    secret: read.optionalText('secret'),
    trustFingerprint: read.optionalText('trustFingerprint'),
    allowHttp: read.optionalFlag('allowHttp'),
    caFile: read.optionalPath('caFile'),
    clientCertFile: read.optionalPath('clientCertFile'),
    clientKeyFile: read.optionalPath('clientKeyFile'),
  });
}

export function readSignOutArguments(value: unknown): SignOutArguments {
  const read = new Reader('teaChest.signOut', value, 'signIn');
  return read.finish<SignOutArguments>({ url: read.text('url') });
}

export function readPushArguments(value: unknown): PushArguments {
  const read = new Reader('teaChest.pushImage', value, 'resolve');
  return read.finish<PushArguments>({
    image: read.text('image'),
    target: read.optionalText('target'),
    platform: read.optionalText('platform'),
    compression: read.optionalChoice('compression', compressions),
    strategy: read.optionalChoice('strategy', strategies),
    recheck: read.optionalFlag('recheck'),
  });
}

/** What `teaChest.openSettings` looks for; from the title of a view it gets the focused row, which says nothing. */
export function readSettingsQuery(value: unknown): string {
  return typeof value === 'string' ? value : 'teaChest';
}

type Loose<T> = { readonly [K in keyof T]: T[K] | undefined };

/** Reads one object of arguments: each key at most once, the right types, nothing left over. Never quotes a value. */
class Reader {
  readonly #command: string;
  readonly #stage: Stage;
  readonly #record: UnknownRecord;
  readonly #known = new Set<string>();

  constructor(command: string, value: unknown, stage: Stage) {
    this.#command = command;
    this.#stage = stage;
    if (!isRecord(value)) throw this.#refuse('takes one object of named arguments');
    this.#record = value;
  }

  text(key: string): string {
    const value = this.optionalText(key);
    if (value === undefined) throw this.#refuse(`needs “${key}”`);
    return value;
  }

  optionalText(key: string): string | undefined {
    const value = this.#take(key);
    if (value === undefined) return undefined;
    if (typeof value !== 'string' || value === '') throw this.#refuse(`wants “${key}” to be a text that is not empty`);
    return value;
  }

  /** There is no folder that a relative path could be meant from. */
  optionalPath(key: string): string | undefined {
    const value = this.optionalText(key);
    if (value !== undefined && !isAbsolute(value)) throw this.#refuse(`wants “${key}” to be an absolute path`);
    return value;
  }

  optionalFlag(key: string): boolean | undefined {
    const value = this.#take(key);
    if (value !== undefined && typeof value !== 'boolean') throw this.#refuse(`wants “${key}” to be true or false`);
    return value;
  }

  optionalChoice<T extends string>(key: string, choices: readonly T[]): T | undefined {
    const value = this.#take(key);
    if (value === undefined) return undefined;
    const choice = choices.find((one) => one === value);
    if (choice === undefined) throw this.#refuse(`wants “${key}” to be one of ${choices.join(', ')}`);
    return choice;
  }

  finish<T extends object>(values: Loose<T>): T {
    const unknown = Object.keys(this.#record).filter((key) => !this.#known.has(key));
    if (unknown.length > 0) {
      const list = unknown.map((key) => `“${key}”`).join(', ');
      throw this.#refuse(`does not know ${list}; it takes ${[...this.#known].join(', ')}`);
    }
    return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as T;
  }

  #take(key: string): unknown {
    this.#known.add(key);
    return this.#record[key];
  }

  #refuse(why: string): TeaChestError {
    return new TeaChestError('argumentInvalid', `The command ${this.#command} ${why}.`, { stage: this.#stage });
  }
}
