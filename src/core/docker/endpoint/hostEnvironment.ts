import { readdir, readFile, realpath } from 'node:fs/promises';
import net from 'node:net';
import os from 'node:os';

/** `dead`: the socket's file exists and nothing listens. `denied`: this user may not open it. */
export type SocketState = 'usable' | 'denied' | 'dead' | 'missing';

/** All of the machine that endpoint discovery reads, so that tests can describe any machine. */
export interface HostEnvironment {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly platform: NodeJS.Platform;
  readonly home: string;
  /** Undefined on Windows. */
  readonly uid: number | undefined;
  /** Undefined if there is no such file; rejects if it cannot be read. */
  readFile(path: string): Promise<Buffer | undefined>;
  /** The names in a folder; empty if there is no such folder or it cannot be read. */
  listFolder(path: string): Promise<readonly string[]>;
  /** The path without symbolic links; undefined if nothing is there. */
  realPath(path: string): Promise<string | undefined>;
  probe(socketPath: string): Promise<SocketState>;
}

/** The machine that this process runs on. */
export function thisHost(): HostEnvironment {
  return {
    env: process.env,
    platform: process.platform,
    home: os.homedir(),
    uid: process.getuid?.(),
    readFile: readFileIfAny,
    listFolder: (path) => readdir(path).catch(() => []),
    realPath: (path) => realpath(path).catch(() => undefined),
    probe: probeSocket,
  };
}

async function readFileIfAny(path: string): Promise<Buffer | undefined> {
  try {
    return await readFile(path);
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/** Connects, because a socket's file outlives its engine. */
function probeSocket(path: string): Promise<SocketState> {
  return new Promise((resolve) => {
    const socket = net.connect({ path });
    const settle = (state: SocketState): void => {
      socket.destroy();
      resolve(state);
    };
    socket.once('connect', () => {
      settle('usable');
    });
    socket.once('error', (error: NodeJS.ErrnoException) => {
      if (isMissing(error)) settle('missing');
      else settle(error.code === 'EACCES' || error.code === 'EPERM' ? 'denied' : 'dead');
    });
  });
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR');
}
