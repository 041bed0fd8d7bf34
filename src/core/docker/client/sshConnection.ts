import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { Duplex } from 'node:stream';

/** `ssh`, or `docker` behind it, gave up. `words` is what they said. */
export class SshError extends Error {
  override readonly name = 'SshError';
  /** 255 is ssh's own; others come from the command over there. Undefined if ssh could not be started. */
  readonly exitCode: number | undefined;
  readonly words: string;

  constructor(exitCode: number | undefined, words: string, cause?: unknown) {
    super(words, { cause });
    this.exitCode = exitCode;
    this.words = words;
  }
}

/**
 * A connection to the engine of another machine, through the person's own `ssh`: their keys, agent, jump hosts and
 * known hosts count, and no secret passes through here. `docker system dial-stdio` is what docker's command line uses.
 */
export function connectBySsh(destination: string, socket: string | undefined): Duplex {
  const engine = socket === undefined ? [] : ['--host', `unix://${socket}`];
  const command = ['docker', ...engine, 'system', 'dial-stdio'];
  const child = spawn('ssh', ['-o', 'ConnectTimeout=30', '-T', '--', destination, ...command], {
    stdio: 'pipe',
    windowsHide: true,
  });
  return new ChildConnection(child);
}

const maxWords = 4096;

/** A child's stdin and stdout as one stream, with the methods that node:http expects of a socket. */
class ChildConnection extends Duplex {
  readonly #child: ChildProcessWithoutNullStreams;
  #words = '';
  #received = false;

  constructor(child: ChildProcessWithoutNullStreams) {
    super();
    this.#child = child;
    child.stdout.on('data', (chunk: Buffer) => {
      this.#received = true;
      if (!this.push(chunk)) child.stdout.pause();
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#words = (this.#words + text).slice(-maxWords);
    });
    // EPIPE when ssh is gone; its exit tells why.
    child.stdin.on('error', () => undefined);
    child.once('error', (error) => {
      this.destroy(new SshError(undefined, error.message, error));
    });
    child.once('close', (code) => {
      this.#finish(code);
    });
  }

  #finish(code: number | null): void {
    if (code !== 0 && !this.#received) {
      this.destroy(new SshError(code ?? undefined, this.#words.trim() || 'ssh ended without a word'));
      return;
    }
    // Not half-open: nobody will read what is still written, and an agent must not use this connection again.
    this.push(null);
    if (this.readableLength === 0) this.destroy();
    else this.once('end', () => this.destroy());
  }

  override _read(): void {
    this.#child.stdout.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, callback: (error?: Error | null) => void): void {
    // A failed write means that ssh is gone: `close` reports it, with ssh's own words.
    if (this.#child.stdin.write(chunk, () => undefined)) callback();
    else this.#child.stdin.once('drain', callback);
  }

  override _final(callback: () => void): void {
    this.#child.stdin.end(callback);
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
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
