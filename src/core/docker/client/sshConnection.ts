import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { Duplex } from 'node:stream';
import * as l10n from '@vscode/l10n';
import type { SshAddress } from '../types.ts';
import { dialCommand, remotePrograms, type RemoteProgram } from './remotePrograms.ts';

/** `ssh`, or the program that it started on the other machine, failed. The message is what they wrote to stderr. */
export class SshError extends Error {
  override readonly name = 'SshError';
  /** 255 is ssh's own; others are of the command on the other machine. Undefined if ssh could not be started. */
  readonly exitCode: number | undefined;
  /** The programs that the other machine does not have, or that are too old there. */
  readonly unusable: readonly RemoteProgram[];

  constructor(exitCode: number | undefined, message: string, unusable: readonly RemoteProgram[], cause?: unknown) {
    super(message, { cause });
    this.exitCode = exitCode;
    this.unusable = unusable;
  }
}

/** Milliseconds before each further attempt, if the server closes a connection before the sign-in. */
const waitsAfterDrop = [250, 500, 1000, 2000] as const;

/** ServerAlive: ssh ends if the other machine does not answer for 90 s, as after the sleep of a laptop. */
const sshOptions = ['-o', 'ConnectTimeout=30', '-o', 'ServerAliveInterval=30', '-T'] as const;

/** Which program was the right one at an address: further connections begin with it. */
const programAt = new WeakMap<SshAddress, RemoteProgram>();

/**
 * A connection to the engine of another machine, through the person's own `ssh` with their keys, agent, jump hosts and
 * known hosts: we see no secret. docker's command line uses the same `docker system dial-stdio`. Not ssh2, which would have
 * to read all of that configuration itself.
 */
export function connectBySsh(address: SshAddress): Duplex {
  return new SshConnection(address);
}

const maxMessage = 4096;

/**
 * The stdin and stdout of `ssh` as one stream, with the methods of a socket that undici calls. As long as nothing was
 * received, `ssh` is started again if the server refused the connection because of too many others (sshd_config,
 * MaxStartups), or with the next program if the other machine does not have this one. What was written is then written again.
 */
class SshConnection extends Duplex {
  readonly #address: SshAddress;
  #program: RemoteProgram;
  #child: ChildProcessWithoutNullStreams;
  #stderr = '';
  /** What was written so far; undefined once something was received. */
  #sent: Buffer[] | undefined = [];
  /** The callback of a write that waits for `ssh`. */
  #written: (() => void) | undefined;
  #isEnded = false;
  #drops = 0;
  #pause: NodeJS.Timeout | undefined;
  readonly #unusable: RemoteProgram[] = [];

  constructor(address: SshAddress) {
    super();
    this.#address = address;
    this.#program = programAt.get(address) ?? remotePrograms[0];
    this.#child = this.#start();
  }

  #start(): ChildProcessWithoutNullStreams {
    const { destination, port, socket, identity } = this.#address;
    const key = identity === undefined ? [] : ['-i', identity];
    const at = port === undefined ? [] : ['-p', String(port)];
    const command = dialCommand(this.#program, socket);
    const child = spawn('ssh', [...sshOptions, ...key, ...at, '--', destination, ...command], {
      stdio: 'pipe',
      windowsHide: true,
    });
    this.#stderr = '';
    child.stdout.on('data', (chunk: Buffer) => {
      this.#sent = undefined;
      programAt.set(this.#address, this.#program);
      if (!this.push(chunk)) child.stdout.pause();
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr = (this.#stderr + text).slice(-maxMessage);
    });
    // EPIPE after ssh has ended; its exit gives the reason.
    child.stdin.on('error', () => undefined);
    child.once('error', (error) => {
      this.destroy(new SshError(undefined, error.message, [], error));
    });
    child.once('close', (code) => {
      this.#finish(code);
    });
    return child;
  }

  #finish(code: number | null): void {
    if (this.destroyed) return;
    if (code !== 0 && this.#sent !== undefined) {
      this.#recover(code ?? undefined);
      return;
    }
    // Not half-open: nothing reads what is still written, and undici must not use this connection again.
    this.push(null);
    if (this.readableLength === 0) this.destroy();
    else this.once('end', () => this.destroy());
  }

  #recover(code: number | undefined): void {
    const message = this.#stderr.trim() || l10n.t('ssh ended without a message');
    const wait = waitsAfterDrop[this.#drops];
    if (isDropped(code, message) && wait !== undefined) {
      this.#drops++;
      // Not all windows at the same moment again.
      this.#pause = setTimeout(
        () => {
          this.#restart();
        },
        wait * (0.5 + Math.random() / 2),
      );
      return;
    }
    if (isUnusable(code, message)) {
      this.#unusable.push(this.#program);
      const next = remotePrograms.find((program) => !this.#unusable.includes(program));
      if (next !== undefined) {
        this.#program = next;
        this.#restart();
        return;
      }
    }
    this.destroy(new SshError(code, message, this.#unusable));
  }

  #restart(): void {
    this.#child = this.#start();
    for (const chunk of this.#sent ?? []) this.#child.stdin.write(chunk);
    if (this.#isEnded) this.#child.stdin.end();
    this.#release();
  }

  override _read(): void {
    this.#child.stdout.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, callback: (error?: Error | null) => void): void {
    this.#sent?.push(chunk);
    // A write fails only after ssh has ended: `close` reports that with ssh's message, or starts it again.
    const { stdin } = this.#child;
    if (!stdin.writable || stdin.write(chunk, () => undefined)) {
      callback();
      return;
    }
    this.#written = callback;
    stdin.once('drain', () => {
      this.#release();
    });
  }

  #release(): void {
    const written = this.#written;
    this.#written = undefined;
    written?.();
  }

  override _final(callback: () => void): void {
    this.#isEnded = true;
    this.#child.stdin.end(callback);
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    clearTimeout(this.#pause);
    this.#child.kill();
    callback(error);
  }

  setKeepAlive(): this {
    return this;
  }

  setNoDelay(): this {
    return this;
  }

  setTimeout(): this {
    return this;
  }

  unref(): this {
    return this;
  }

  ref(): this {
    return this;
  }
}

/** The server closed the connection before the sign-in: OpenSSH's messages, from 7 to 10. */
function isDropped(code: number | undefined, message: string): boolean {
  return (
    code === 255 && /exchange_identification|Connection (?:closed|reset) by|Not allowed at this time/.test(message)
  );
}

/** No such program there: a POSIX shell's 127 and the messages of Windows; or it has no `dial-stdio`. */
function isUnusable(code: number | undefined, message: string): boolean {
  return (
    code === 127 ||
    /is not recognized as|unrecognized command|is not a docker command|unknown command.*dial-stdio/i.test(message)
  );
}
