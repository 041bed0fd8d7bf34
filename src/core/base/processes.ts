import { createHash } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';

/**
 * Names one run of one process among all machines and containers that may share a home folder or an engine: a process id
 * alone is given again, and means another process in each container.
 */
export interface ProcessIdentity {
  /** The machine's name, hashed: 8 hex digits. */
  readonly host: string;
  /** The running system and its process ids, hashed: 8 hex digits. Boot id and PID namespace on Linux. */
  readonly system: string;
  readonly pid: number;
  /** When it was started, as lower-case hex digits: in clock ticks since boot on Linux, milliseconds elsewhere. */
  readonly start: string;
}

/** What is known of the processes of this machine; tests have machines of their own. */
export interface ProcessView {
  readonly own: ProcessIdentity;
  /** When process 1 of this system was started, in milliseconds since the epoch; undefined if that cannot be known. */
  readonly systemStartedAt: number | undefined;
  now(): number;
  /** `start` of a living process; `unknown`: it lives, and nothing tells since when. Undefined: there is none. */
  startOf(pid: number): string | undefined;
}

/** Whoever writes something that others may sweep touches it as often as that, in milliseconds. */
export const heartbeatMs = 30_000;
/** Without a sign of life for so long, in milliseconds, it is over, wherever it was: machines sleep, but not for days. */
const longestSilence = 24 * 60 * 60 * 1000;
/** The same for the system of this very name that ran before this one: a heartbeat may be late. */
const lateHeartbeat = 4 * heartbeatMs;

/**
 * True if a process has ended. `lastSeen`: the last sign of life of it, in milliseconds since the epoch. Of processes of
 * another machine or container only that sign tells.
 */
export function hasEnded(process: ProcessIdentity, lastSeen: number, view: ProcessView = thisMachine()): boolean {
  const silence = view.now() - lastSeen;
  if (silence > longestSilence) return true;
  const { own, systemStartedAt } = view;
  if (process.host !== own.host) return false;
  if (process.system !== own.system) {
    // The same machine before its last start, unless another one has this name: then it would have been seen since.
    return systemStartedAt !== undefined && lastSeen < systemStartedAt && silence > lateHeartbeat;
  }
  const start = process.pid === own.pid ? own.start : view.startOf(process.pid);
  return start === undefined || (start !== unknownStart && start !== process.start);
}

/** True for this very run of this very process. */
export function isThisProcess(process: ProcessIdentity, { own }: ProcessView = thisMachine()): boolean {
  return formatIdentity(process) === formatIdentity(own);
}

/** `<host>-<system>-<pid>-<start>`: good for names of files and tags. */
export function formatIdentity({ host, system, pid, start }: ProcessIdentity): string {
  return `${host}-${system}-${pid}-${start}`;
}

/** As a part of a regular expression, without groups. */
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
    // Where nothing else tells, the time origin does: it is this run's alone.
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
    // EPERM: it lives, but belongs to somebody else.
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

/** Field 22 of proc_pid_stat(5). The command, field 2, may hold anything but ends at the last parenthesis. */
function startOnLinux(pid: string): string | undefined {
  const stat = orEmpty(() => readFileSync(`/proc/${pid}/stat`, 'utf8'));
  const ticks = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  return ticks === undefined || !/^\d+$/.test(ticks) ? undefined : BigInt(ticks).toString(16);
}

/** In a container its own start, else the machine's. Ticks are hundredths of a second on every Linux that Node runs on. */
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
