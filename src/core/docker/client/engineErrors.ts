import { readFile, stat } from 'node:fs/promises';
import { isCancelled, systemCode, TeaChestError, type ErrorCode, type ErrorFacts } from '../../base/errors.ts';
import { engineErrorMessage } from './engineErrorMessage.ts';
import { SshError } from './sshConnection.ts';
import type { EngineEndpoint } from '../types.ts';

/** Nothing arrived from the engine for too long. `connected`: it had accepted the connection. */
export class EngineTimeout extends Error {
  readonly milliseconds: number;
  readonly connected: boolean;

  constructor(milliseconds: number, connected: boolean, cause: unknown) {
    super(`silent for ${milliseconds} ms`, { cause });
    this.milliseconds = milliseconds;
    this.connected = connected;
  }
}

/** `engineFailed`, with the engine's message if the body has one (facts: status, message). */
export function refusedByEngine(status: number, body: string): TeaChestError {
  const message = engineErrorMessage(body) ?? `HTTP status ${status}`;
  return new TeaChestError('engineFailed', `The container engine refused: ${message}`, { facts: { status, message } });
}

/** Converts any failure of a call to the engine into a TeaChestError. The caller adds the stage. */
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
  if (error instanceof EngineTimeout) return explainTimeout(error, endpoint);
  return error instanceof SshError ? explainSsh(error, endpoint) : explainConnection(error, endpoint);
}

/** An engine that accepted the connection hangs; otherwise there may be no engine at all. */
function explainTimeout({ milliseconds, connected }: EngineTimeout, endpoint: EngineEndpoint): Explanation {
  const where = `${endpoint.url} (${endpoint.source})`;
  const silent = `did not answer for ${milliseconds / 1000} s`;
  if (!connected) return { code: 'engineStopped', sentence: `The container engine at ${where} ${silent}.` };
  return { code: 'engineLost', sentence: `The container engine at ${where} accepted the connection but ${silent}.` };
}

function explainConnection(error: unknown, endpoint: EngineEndpoint): Explanation {
  const where = `${endpoint.url} (${endpoint.source})`;
  const code = systemCode(error) ?? '';
  const message = error instanceof Error ? error.message : String(error);
  const path = endpoint.address.kind === 'socket' ? endpoint.address.path : '';
  if (code === 'EACCES' || code === 'EPERM') {
    const sentence = `You are not allowed to open the container engine’s socket ${path} (${endpoint.source}).`;
    return { code: 'enginePermission', sentence, facts: { path } };
  }
  if (code === 'ENOENT' && path !== '') {
    // The path was configured, or an engine was found there before: do not suggest to install one.
    return {
      code: 'engineStopped',
      sentence: `The container engine at ${where} is not running: ${path} does not exist.`,
    };
  }
  if (code === 'ENOTFOUND') {
    return { code: 'engineEndpointInvalid', sentence: `The host of the container engine at ${where} is not known.` };
  }
  if (unreachable.has(code)) {
    return { code: 'engineStopped', sentence: `The container engine at ${where} does not answer: ${message}.` };
  }
  if (isTls(code, message)) {
    return {
      code: 'engineEndpointInvalid',
      sentence: `No secure connection to the container engine at ${where} could be made: ${tlsReason(message)}.`,
    };
  }
  if (error instanceof Error && error.name === 'HTTPParserError' && !message.includes('EOF')) {
    return {
      code: 'engineEndpointInvalid',
      sentence: `What answers at ${where} is not a container engine: ${message}.`,
    };
  }
  return { code: 'engineLost', sentence: `The connection to the container engine at ${where} broke: ${message}.` };
}

const unreachable = new Set(['ECONNREFUSED', 'ETIMEDOUT', 'EHOSTUNREACH', 'ENETUNREACH', 'EHOSTDOWN', 'EAI_AGAIN']);

function isTls(code: string, message: string): boolean {
  return /^(?:CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_|EPROTO|ERR_TLS)/.test(code) || /\b(?:TLS|SSL)\b/.test(message);
}

/** Without the numbers and file names of OpenSSL, and without Node's advice on its own options. */
function tlsReason(message: string): string {
  return /SSL routines:[^:]*:([^:]+)/.exec(message)?.[1] ?? message.replace(/;.*$/s, '').trim();
}

function explainSsh(error: SshError, endpoint: EngineEndpoint): Explanation {
  const where = `${endpoint.url} (${endpoint.source})`;
  const facts = { message: error.message };
  if (error.exitCode === undefined) {
    const sentence = `The program “ssh”, by which the container engine at ${where} is reached, could not be started: ${error.message}.`;
    return { code: 'engineEndpointInvalid', sentence, facts };
  }
  const sentence = `The container engine at ${where} could not be reached through ssh: ${error.message}`;
  return { code: sshCode(error), sentence, facts };
}

/** By the message: ssh has one exit code for all its failures, and `docker system dial-stdio` another. */
function sshCode({ exitCode, message }: SshError): ErrorCode {
  if (exitCode === 127) return 'engineNotFound';
  if (/permission denied while trying to connect/i.test(message)) return 'enginePermission';
  if (/could not resolve hostname/i.test(message)) return 'engineEndpointInvalid';
  if (/cannot connect to the docker daemon|connection refused|timed out|no route to host/i.test(message)) {
    return 'engineStopped';
  }
  return 'engineFailed';
}

/** Adds to `enginePermission` the group whose members may open the socket, if that can be found out (facts: group). */
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
