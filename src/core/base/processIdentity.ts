import { createHash } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';

/**
 * Identifies one run of one process among all machines and containers that may share a home folder or an engine. A process
 * id alone does not: systems reuse it, and in each container it means another process.
 */
export interface ProcessIdentity {
  /** The machine's name, hashed: 8 hex digits. */
  readonly host: string;
  /** Boot id and PID namespace (on Linux), hashed: 8 hex digits. */
  readonly system: string;
  readonly pid: number;
  /** Start time in lower-case hex digits: clock ticks since boot on Linux, milliseconds elsewhere. */
  readonly start: string;
}

/** The processes of this machine; tests replace it. */
export interface ProcessView {
  readonly own: ProcessIdentity;
  /** Start time of process 1 of this system, in milliseconds since the epoch; undefined if unknown. */
  readonly systemStartedAt: number | undefined;
  now(): number;
  /** `start` of a running process, `unknown` if only its start time is unknown; undefined if no such process runs. */
  startOf(pid: number): string | undefined;
}

/** The owner of something that others may remove updates its time this often, in milliseconds. */
export const heartbeatMs = 30_000;
/** Without a heartbeat for this long, in milliseconds, a process counts as ended of which nothing else is known. */
const staleAfter = 24 * 60 * 60 * 1000;
/** The same for a process of this machine before its last boot: a heartbeat may be late. */
const lateHeartbeat = 4 * heartbeatMs;

/**
 * True if a process has ended. `lastSeen` is its last heartbeat, in milliseconds since the epoch: the only evidence for
 * a process of another machine or container. A process of this system that runs has not ended, however long ago that was: the
 * machine may have slept.
 */
export function hasEnded(process: ProcessIdentity, lastSeen: number, view: ProcessView = thisMachine()): boolean {
  const { own, systemStartedAt } = view;
  const isOfThisSystem = process.host === own.host && process.system === own.system;
  if (isOfThisSystem) {
    const start = process.pid === own.pid ? own.start : view.startOf(process.pid);
    if (start !== unknownStart) return start !== process.start;
  }
  const silence = view.now() - lastSeen;
  if (silence > staleAfter) return true;
  if (isOfThisSystem || process.host !== own.host) return false;
  // The same machine before its last boot. Another machine of this name would have sent a heartbeat since then.
  return systemStartedAt !== undefined && lastSeen < systemStartedAt && silence > lateHeartbeat;
}

/** True for the running process itself. */
export function isThisProcess(process: ProcessIdentity, { own }: ProcessView = thisMachine()): boolean {
  return formatIdentity(process) === formatIdentity(own);
}

/** `<host>-<system>-<pid>-<start>`, for use in names of files and tags. */
export function formatIdentity({ host, system, pid, start }: ProcessIdentity): string {
  return `${host}-${system}-${pid}-${start}`;
}

/** For use in a regular expression; has no groups. */
export const identityPattern = '[0-9a-f]{8}-[0-9a-f]{8}-\\d{1,10}-[0-9a-f]{1,16}';

export function parseIdentity(text: string): ProcessIdentity | undefined {
  const parts = /^([0-9a-f]{8})-([0-9a-f]{8})-(\d{1,10})-([0-9a-f]{1,16})$/.exec(text);
  if (parts === null) return undefined;
  const [, host = '', system = '', pid = '', start = ''] = parts;
  return { host, system, pid: Number(pid), start };
}

let machine: ProcessView | undefined;

/** Read once, at first use. */
export function thisMachine(): ProcessView {
  machine ??= viewMachine();
  return machine;
}

const unknownStart = 'unknown';

function viewMachine(): ProcessView {
  const onLinux = process.platform === 'linux';
  const bootId = onLinux ? orEmpty(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()) : '';
  const pidNamespace = onLinux ? orEmpty(() => readlinkSync('/proc/self/ns/pid')) : '';
  const own: ProcessIdentity = {
    host: shortHash(hostname()),
    system: shortHash(`${bootId} ${pidNamespace}`),
    pid: process.pid,
    // Outside of Linux the time origin serves: no two runs have the same.
    start: startOnLinux('self') ?? Math.floor(performance.timeOrigin).toString(16),
  };
  return { own, systemStartedAt: onLinux ? firstProcessStartedAt() : undefined, now: Date.now, startOf };
}

function startOf(pid: number): string | undefined {
  if (!exists(pid)) return undefined;
  return startOnLinux(String(pid)) ?? unknownStart;
}

function exists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it runs, but belongs to another user.
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

/** Field 22 of proc_pid_stat(5). The command, field 2, may hold anything but ends at the last parenthesis. */
function startOnLinux(pid: string): string | undefined {
  const stat = orEmpty(() => readFileSync(`/proc/${pid}/stat`, 'utf8'));
  const ticks = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  return ticks === undefined || !/^\d+$/.test(ticks) ? undefined : BigInt(ticks).toString(16);
}

/** In a container this is the container's start. A tick is 10 ms on every Linux that Node runs on. */
function firstProcessStartedAt(): number | undefined {
  const ticks = startOnLinux('1');
  const booted = /^btime (\d+)$/m.exec(orEmpty(() => readFileSync('/proc/stat', 'utf8')))?.[1];
  return ticks === undefined || booted === undefined ? undefined : Number(booted) * 1000 + parseInt(ticks, 16) * 10;
}

function shortHash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 8);
}

function orEmpty(read: () => string): string {
  try {
    return read();
  } catch {
    return '';
  }
}
