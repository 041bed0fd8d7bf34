import { readFile, stat } from 'node:fs/promises';
import { isCancelled, systemCode, TeaChestError, type ErrorCode, type ErrorFacts } from '../../base/errors.ts';
import { engineErrorMessage } from './engineErrorMessage.ts';
import { SshError } from './sshConnection.ts';
import type { EngineEndpoint } from '../types.ts';

/** The engine let too much time pass without a sign of life. `connected`: it had taken the connection. */
export class EngineTimeout extends Error {
  readonly milliseconds: number;
  readonly connected: boolean;

  constructor(milliseconds: number, connected: boolean, cause: unknown) {
    super(`silent for ${milliseconds} ms`, { cause });
    this.milliseconds = milliseconds;
    this.connected = connected;
  }
}

/** `engineFailed`, in the engine's own words where it has some (facts: status, words). */
export function refusedByEngine(status: number, body: string): TeaChestError {
  const words = engineErrorMessage(body) ?? `HTTP status ${status}`;
  return new TeaChestError('engineFailed', `The container engine refused: ${words}`, { facts: { status, words } });
}

/** Whatever went wrong between us and the engine → a TeaChestError that says what, where and why. Its stage is the caller's. */
export function explainEngineError(error: unknown, endpoint: EngineEndpoint, signal: AbortSignal): TeaChestError {
  if (signal.aborted || isCancelled(error)) return new TeaChestError('cancelled', 'Cancelled.', { cause: error });
  if (error instanceof TeaChestError) return error;
  const { code, sentence, facts } = explanationOf(error, endpoint);
  return new TeaChestError(code, sentence, {
    cause: error,
    facts: { endpoint: endpoint.url, source: endpoint.source, ...facts },
  });
}

interface Explanation {
  readonly code: ErrorCode;
  readonly sentence: string;
  readonly facts?: ErrorFacts;
}

function explanationOf(error: unknown, endpoint: EngineEndpoint): Explanation {
  if (error instanceof EngineTimeout) return explainSilence(error, endpoint);
  return error instanceof SshError ? explainSsh(error, endpoint) : explainWire(error, endpoint);
}

/** Who took the connection is there, and hangs; else nobody may be there at all. */
function explainSilence({ milliseconds, connected }: EngineTimeout, endpoint: EngineEndpoint): Explanation {
  const place = `${endpoint.url} (${endpoint.source})`;
  const silent = `did not answer for ${milliseconds / 1000} s`;
  if (!connected) return { code: 'engineStopped', sentence: `The container engine at ${place} ${silent}.` };
  return { code: 'engineLost', sentence: `The container engine at ${place} accepted the connection but ${silent}.` };
}

function explainWire(error: unknown, endpoint: EngineEndpoint): Explanation {
  const place = `${endpoint.url} (${endpoint.source})`;
  const code = systemCode(error) ?? '';
  const words = error instanceof Error ? error.message : String(error);
  const path = endpoint.address.kind === 'socket' ? endpoint.address.path : '';
  if (code === 'EACCES' || code === 'EPERM') {
    const sentence = `You are not allowed to open the container engine’s socket ${path} (${endpoint.source}).`;
    return { code: 'enginePermission', sentence, facts: { path } };
  }
  if (code === 'ENOENT' && path !== '') {
    // Somebody named this place, or an engine was found there before: it is no reason to install one.
    return {
      code: 'engineStopped',
      sentence: `The container engine at ${place} is not running: ${path} does not exist.`,
    };
  }
  if (code === 'ENOTFOUND') {
    return { code: 'engineEndpointInvalid', sentence: `The host of the container engine at ${place} is not known.` };
  }
  if (unreachable.has(code)) {
    return { code: 'engineStopped', sentence: `The container engine at ${place} does not answer: ${words}.` };
  }
  if (isTls(code, words)) {
    return {
      code: 'engineEndpointInvalid',
      sentence: `No secure connection to the container engine at ${place} could be made: ${tlsWords(words)}.`,
    };
  }
  if (error instanceof Error && error.name === 'HTTPParserError' && !words.includes('EOF')) {
    return { code: 'engineEndpointInvalid', sentence: `What answers at ${place} is not a container engine: ${words}.` };
  }
  return { code: 'engineLost', sentence: `The connection to the container engine at ${place} broke: ${words}.` };
}

const unreachable = new Set(['ECONNREFUSED', 'ETIMEDOUT', 'EHOSTUNREACH', 'ENETUNREACH', 'EHOSTDOWN', 'EAI_AGAIN']);

function isTls(code: string, words: string): boolean {
  return /^(?:CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_|EPROTO|ERR_TLS)/.test(code) || /\b(?:TLS|SSL)\b/.test(words);
}

/** OpenSSL wraps its reason in numbers and file names, and Node adds advice on its own options. */
function tlsWords(words: string): string {
  return /SSL routines:[^:]*:([^:]+)/.exec(words)?.[1] ?? words.replace(/;.*$/s, '').trim();
}

function explainSsh(error: SshError, endpoint: EngineEndpoint): Explanation {
  const place = `${endpoint.url} (${endpoint.source})`;
  const facts = { words: error.words };
  if (error.exitCode === undefined) {
    const sentence = `The program “ssh”, by which the container engine at ${place} is reached, could not be started: ${error.words}.`;
    return { code: 'engineEndpointInvalid', sentence, facts };
  }
  const sentence = `The container engine at ${place} could not be reached through ssh: ${error.words}`;
  return { code: sshCode(error), sentence, facts };
}

/** By the words, because ssh has one exit code for everything and `docker system dial-stdio` another. */
function sshCode({ exitCode, words }: SshError): ErrorCode {
  if (exitCode === 127) return 'engineNotFound';
  if (/permission denied while trying to connect/i.test(words)) return 'enginePermission';
  if (/could not resolve hostname/i.test(words)) return 'engineEndpointInvalid';
  if (/cannot connect to the docker daemon|connection refused|timed out|no route to host/i.test(words)) {
    return 'engineStopped';
  }
  return 'engineFailed';
}

/** Adds to `enginePermission` the group whose members may open the socket, where that can be found out (facts: group). */
export async function withOwningGroup(error: TeaChestError): Promise<TeaChestError> {
  const path = error.facts['path'];
  if (error.code !== 'enginePermission' || typeof path !== 'string') return error;
  const group = await owningGroup(path).catch(() => undefined);
  if (group === undefined) return error;
  const sentence = `${error.message} The members of the group “${group}” are.`;
  return new TeaChestError(error.code, sentence, { cause: error.cause, facts: { ...error.facts, group } });
}

async function owningGroup(path: string): Promise<string | undefined> {
  const { gid } = await stat(path);
  const groups = await readFile('/etc/group', 'utf8');
  return groups
    .split('\n')
    .find((line) => line.split(':')[2] === String(gid))
    ?.split(':')[0];
}
