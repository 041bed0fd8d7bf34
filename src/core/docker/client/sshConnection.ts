import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { Duplex } from 'node:stream';

/** `ssh`, or `docker` on the other machine, failed. The message is what they wrote to stderr. */
export class SshError extends Error {
  override readonly name = 'SshError';
  /** 255 is ssh's own; others are of the command on the other machine. Undefined if ssh could not be started. */
  readonly exitCode: number | undefined;

  constructor(exitCode: number | undefined, message: string, cause?: unknown) {
    super(message, { cause });
    this.exitCode = exitCode;
  }
}

/**
 * A connection to the engine of another machine, through the person's own `ssh` with their keys, agent, jump hosts and
 * known hosts: we see no secret. docker's command line uses the same `docker system dial-stdio`. Not ssh2, which would have
 * to read all of that configuration itself.
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

const maxMessage = 4096;

/** A child's stdin and stdout as one stream, with the methods of a socket that undici calls. */
class ChildConnection extends Duplex {
  readonly #child: ChildProcessWithoutNullStreams;
  #stderr = '';
  #received = false;

  constructor(child: ChildProcessWithoutNullStreams) {
    super();
    this.#child = child;
    child.stdout.on('data', (chunk: Buffer) => {
      this.#received = true;
      if (!this.push(chunk)) child.stdout.pause();
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr = (this.#stderr + text).slice(-maxMessage);
    });
    // EPIPE after ssh has ended; its exit gives the reason.
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
      this.destroy(new SshError(code ?? undefined, this.#stderr.trim() || 'ssh ended without a message'));
      return;
    }
    // Not half-open: nothing reads what is still written, and undici must not use this connection again.
    this.push(null);
    if (this.readableLength === 0) this.destroy();
    else this.once('end', () => this.destroy());
  }

  override _read(): void {
    this.#child.stdout.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, callback: (error?: Error | null) => void): void {
    // A write fails only after ssh has ended: `close` reports that with ssh's message.
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
