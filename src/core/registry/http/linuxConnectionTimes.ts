import { execFile } from 'node:child_process';
import type { ConnectionTimes, ReadConnectionTimes } from '../../ports/connectionTimes.ts';

/**
 * Where distributions install `ss` of iproute2. Not by PATH: that may name a folder that somebody else writes to. A machine
 * without it, such as a small container, is like one of another system.
 */
const usualPrograms = ['/usr/bin/ss', '/usr/sbin/ss', '/bin/ss', '/sbin/ss'];

/** Milliseconds. It takes a few: the kernel filters by port. */
const longest = 1_000;

/**
 * Reads the counts by `ss`, which asks the kernel for `struct tcp_info` (`tcpi_busy_time`, `tcpi_rwnd_limited`, Linux 4.9).
 * Node has no call for that, and /proc/net/tcp does not have these counts. It needs no privileges.
 */
export function linuxConnectionTimes(programs: readonly string[] = usualPrograms): ReadConnectionTimes {
  let left = [...programs];
  return async (localPorts, { signal }) => {
    if (localPorts.length === 0) return [];
    const filter = localPorts.map((port) => `sport = :${port}`).join(' or ');
    for (const program of left) {
      const output = await run(program, ['-tinH', 'state', 'established', `( ${filter} )`], signal);
      if (output === 'failed') return undefined;
      if (output !== 'missing') return parseConnectionTimes(output.text, new Set(localPorts));
      left = left.filter((one) => one !== program);
    }
    return undefined;
  };
}

/**
 * Two lines for each connection: queues and addresses, then counts. A count of zero is left out. Undefined if there is no
 * count at all: then the kernel is older than these counts, or nothing was sent yet.
 */
export function parseConnectionTimes(
  output: string,
  localPorts: ReadonlySet<number>,
): readonly ConnectionTimes[] | undefined {
  const found: ConnectionTimes[] = [];
  let localPort: number | undefined;
  for (const line of output.split('\n')) {
    if (/^\s/.test(line)) {
      if (localPort !== undefined && localPorts.has(localPort))
        found.push({ localPort, busy: countOf('busy', line), receiver: countOf('rwnd_limited', line) });
      localPort = undefined;
    } else {
      const [, , local = ''] = line.split(/\s+/);
      localPort = Number(local.slice(local.lastIndexOf(':') + 1));
    }
  }
  return found.some(({ busy }) => busy > 0) ? found : undefined;
}

function countOf(name: string, line: string): number {
  return Number(new RegExp(`(?<=\\s)${name}:(\\d+)ms`).exec(line)?.[1] ?? 0);
}

/** `missing`: there is no such program for us. `failed`: once, which includes that it took too long. */
async function run(
  program: string,
  args: readonly string[],
  signal: AbortSignal,
): Promise<{ readonly text: string } | 'missing' | 'failed'> {
  return await new Promise((resolve) => {
    execFile(program, args, { timeout: longest, signal, cwd: '/', env: { LC_ALL: 'C' } }, (error, output) => {
      if (error === null) resolve({ text: output });
      else resolve(error.code === 'ENOENT' || error.code === 'EACCES' ? 'missing' : 'failed');
    });
  });
}
