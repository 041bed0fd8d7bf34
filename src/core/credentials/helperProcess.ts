import { spawn, type ChildProcess } from 'node:child_process';
import { homedir } from 'node:os';
import { dirname } from 'node:path';

/** A program to run. Nothing secret is in it: other users of the machine can read the arguments. */
export interface HelperCommand {
  readonly command: string;
  readonly args: readonly string[];
  /** All that it gets on its standard input. */
  readonly input: string;
}

export type HelperResult =
  | { readonly kind: 'ended'; readonly code: number; readonly stdout: string; readonly stderr: string }
  | { readonly kind: 'notFound' }
  | { readonly kind: 'tooSlow' };

export interface RunHelperOptions {
  readonly signal: AbortSignal;
  /** `helperLimitMs` by default. */
  readonly limitMs?: number;
}

export type RunHelper = (command: HelperCommand, options: RunHelperOptions) => Promise<HelperResult>;

/** A helper may wait for a person who does not see its question, or for another machine. */
export const helperLimitMs = 5000;

const maxOutput = 64 * 1024;

/** Variables by which git, ssh and gpg find a program or a terminal to ask a person (man gitcredentials, gpg-agent). */
const askingVariables = ['GIT_ASKPASS', 'SSH_ASKPASS', 'GPG_TTY', 'VSCODE_GIT_ASKPASS_NODE', 'VSCODE_GIT_ASKPASS_MAIN'];

/** Variables that name a repository, as a hook or an editor of git has them (git rev-parse --local-env-vars). */
const repositoryVariables = ['GIT_DIR', 'GIT_COMMON_DIR', 'GIT_WORK_TREE', 'GIT_CONFIG'];

/**
 * Runs a credential helper without a terminal and without asking anybody, outside of the open folder. On Unix it leads a session of its own
 * (setsid), so that /dev/tty is not there for it, and it is killed with its children. Rejects only if the signal fires.
 */
export async function runHelper(
  { command, args, input }: HelperCommand,
  { signal, limitMs = helperLimitMs }: RunHelperOptions,
): Promise<HelperResult> {
  signal.throwIfAborted();
  const isWindows = process.platform === 'win32';
  const cwd = neutralFolder(process.env, isWindows);
  const child = spawn(command, args, {
    cwd,
    stdio: 'pipe',
    detached: !isWindows,
    windowsHide: true,
    env: helperEnvironment(process.env, cwd),
  });
  const output = { stdout: collect(child.stdout), stderr: collect(child.stderr) };
  // A helper may end before it has read its input.
  child.stdin.on('error', () => undefined);
  child.stdin.end(input);
  return await new Promise<HelperResult>((resolve, reject) => {
    const stop = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', abort);
      for (const stream of child.stdio) stream?.destroy();
    };
    const ended = (): HelperResult => {
      const { exitCode, signalCode } = child;
      if (exitCode === null && signalCode === null) return { kind: 'tooSlow' };
      return { kind: 'ended', code: exitCode ?? 1, stdout: output.stdout(), stderr: output.stderr() };
    };
    const abort = (): void => {
      killWithChildren(child, isWindows);
      stop();
      reject(signal.reason instanceof Error ? signal.reason : new DOMException('Cancelled.', 'AbortError'));
    };
    const timer = setTimeout(() => {
      // A daemon that a helper leaves behind may keep its output open: then what was written until now counts.
      const result = ended();
      if (result.kind === 'tooSlow') killWithChildren(child, isWindows);
      stop();
      resolve(result);
    }, limitMs);
    signal.addEventListener('abort', abort, { once: true });
    child.once('error', () => {
      stop();
      resolve({ kind: 'notFound' });
    });
    child.once('close', () => {
      stop();
      resolve(ended());
    });
  });
}

/**
 * The folder of a helper. VS Code may have been started in the folder that is open, and that need not be trusted: git would
 * read the settings of its repository, which can name a command as the credential helper; and Windows looks for a program
 * in the working directory before the PATH. Only the administrator can write to this one.
 */
function neutralFolder(env: NodeJS.ProcessEnv, isWindows: boolean): string {
  return isWindows ? (env['SystemRoot'] ?? homedir()) : '/';
}

function helperEnvironment(env: NodeJS.ProcessEnv, cwd: string): NodeJS.ProcessEnv {
  const removed = [...askingVariables, ...repositoryVariables];
  const kept = Object.entries(env).filter(([name]) => !removed.includes(name.toUpperCase()));
  // GCM_INTERACTIVE: Git Credential Manager. None has an effect on other programs.
  const own = { GIT_TERMINAL_PROMPT: '0', GCM_INTERACTIVE: 'never', GIT_CEILING_DIRECTORIES: dirname(cwd) };
  return { ...Object.fromEntries(kept), ...own };
}

/** The beginning of what a stream gives; the rest is read and dropped. */
function collect(stream: NodeJS.ReadableStream): () => string {
  const chunks: Buffer[] = [];
  let bytes = 0;
  stream.on('data', (chunk: Buffer) => {
    if (bytes < maxOutput) chunks.push(chunk);
    bytes += chunk.byteLength;
  });
  stream.on('error', () => undefined);
  return () => Buffer.concat(chunks).toString('utf8', 0, maxOutput);
}

/** On Unix the whole process group that the helper leads. Children that have left it are in another session. */
function killWithChildren(child: ChildProcess, isWindows: boolean): void {
  if (child.pid === undefined) return;
  if (isWindows) {
    const killer = spawn('taskkill', ['/pid', String(child.pid), '/t', '/f'], {
      ...{ cwd: neutralFolder(process.env, isWindows), windowsHide: true, stdio: 'ignore' },
    });
    killer.once('error', () => child.kill());
    return;
  }
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch {
    // The group is gone already.
  }
}
