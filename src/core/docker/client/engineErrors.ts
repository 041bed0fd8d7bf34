import * as l10n from '@vscode/l10n';
import { isCancelled, systemCode, TeaChestError, type ErrorCode, type ErrorFacts } from '../../base/errors.ts';
import { describeEndpoint } from '../endpoint/describeEndpoint.ts';
import { engineErrorMessage } from './engineErrorMessage.ts';
import { remotePrograms } from './remotePrograms.ts';
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
  const message = engineErrorMessage(body) ?? l10n.t`HTTP status ${status}`;
  return new TeaChestError('engineFailed', l10n.t`The container engine refused: ${message}`, {
    facts: { status, message },
  });
}

/** Converts any failure of a call to the engine into a TeaChestError. The caller adds the stage. */
export function explainEngineError(error: unknown, endpoint: EngineEndpoint, signal: AbortSignal): TeaChestError {
  if (signal.aborted || isCancelled(error))
    return new TeaChestError('cancelled', l10n.t('Cancelled.'), { cause: error });
  if (error instanceof TeaChestError) return error;
  const { code, sentence, facts } = explanationOf(error, endpoint);
  return new TeaChestError(code, sentence, {
    cause: error,
    facts: {
      ...{ endpoint: endpoint.url, source: endpoint.source, origin: endpoint.origin },
      ...{ engine: describeEndpoint(endpoint), ...facts },
    },
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
  const seconds = milliseconds / 1000;
  if (!connected) {
    const sentence = l10n.t`The container engine at ${where} did not answer for ${seconds} s.`;
    return { code: 'engineStopped', sentence };
  }
  const sentence = l10n.t`The container engine at ${where} accepted the connection but did not answer for ${seconds} s.`;
  return { code: 'engineLost', sentence };
}

function explainConnection(error: unknown, endpoint: EngineEndpoint): Explanation {
  const where = `${endpoint.url} (${endpoint.source})`;
  const code = systemCode(error) ?? '';
  const message = error instanceof Error ? error.message : String(error);
  const path = endpoint.address.kind === 'socket' ? endpoint.address.path : '';
  if (code === 'EACCES' || code === 'EPERM') {
    const sentence = l10n.t`You are not allowed to open the container engine’s socket ${path} (${endpoint.source}).`;
    return { code: 'enginePermission', sentence, facts: { path } };
  }
  if (code === 'ENOENT' && path !== '') {
    // The path was configured, or an engine was found there before: do not suggest to install one.
    return {
      code: 'engineStopped',
      sentence: l10n.t`The container engine at ${where} is not running: ${path} does not exist.`,
    };
  }
  if (code === 'ENOTFOUND') {
    return {
      code: 'engineEndpointInvalid',
      sentence: l10n.t`The host of the container engine at ${where} is not known.`,
    };
  }
  if (unreachable.has(code)) {
    return { code: 'engineStopped', sentence: l10n.t`The container engine at ${where} does not answer: ${message}.` };
  }
  if (isTls(code, message)) {
    return {
      code: 'engineEndpointInvalid',
      sentence: l10n.t`No secure connection to the container engine at ${where} could be made: ${tlsReason(message)}.`,
    };
  }
  if (error instanceof Error && error.name === 'HTTPParserError' && !message.includes('EOF')) {
    return {
      code: 'engineEndpointInvalid',
      sentence: l10n.t`What answers at ${where} is not a container engine: ${message}.`,
    };
  }
  return {
    code: 'engineLost',
    sentence: l10n.t`The connection to the container engine at ${where} broke: ${message}.`,
  };
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
  const facts = { message: error.message, ...(refusedSignIn.test(error.message) && { isRefused: true }) };
  if (error.exitCode === undefined) {
    const sentence = l10n.t`The program “ssh”, by which the container engine at ${where} is reached, could not be started: ${error.message}.`;
    return { code: 'engineEndpointInvalid', sentence, facts };
  }
  const [tried] = error.unusable;
  if (error.unusable.length === remotePrograms.length) {
    const sentence = l10n.t`The container engine at ${where} could not be reached through ssh: the other machine has neither “docker” nor “podman” with the command “system dial-stdio” in the PATH of its shell. It says: ${error.message}`;
    return { code: 'engineNotFound', sentence, facts };
  }
  const sentence =
    tried === undefined
      ? l10n.t`The container engine at ${where} could not be reached through ssh: ${error.message}`
      : l10n.t`The container engine at ${where} could not be reached through ssh (it has no usable “${tried}”, so “podman” was tried): ${error.message}`;
  const next = adviceForSsh.find(([pattern]) => pattern.test(error.message))?.[1];
  return { code: sshCode(error), sentence: next === undefined ? sentence : `${sentence}. ${next}`, facts };
}

/** OpenSSH's messages that another attempt would give again. Many of them may make the other machine block this one. */
const refusedSignIn = /permission denied \(|too many authentication failures|host key verification failed/i;

/** What to do on the other machine, or about it, by the message of ssh or of the program there. */
const adviceForSsh: readonly (readonly [RegExp, string])[] = [
  [/unable to connect to podman/i, l10n.t('Start its service there: “systemctl --user enable --now podman.socket”.')],
  [
    /host key verification failed/i,
    l10n.t('Sign in there once by ssh in a terminal, and look at the key that it shows.'),
  ],
  [
    /permission denied \(/i,
    l10n.t(
      'VS Code cannot be asked for a pass phrase: load the key into the ssh agent, or start VS Code where the agent is known.',
    ),
  ],
];

/** By the message: ssh has one exit code for all its failures, and `docker system dial-stdio` another. */
function sshCode({ message }: SshError): ErrorCode {
  if (/permission denied while trying to connect/i.test(message)) return 'enginePermission';
  if (/could not resolve hostname/i.test(message)) return 'engineEndpointInvalid';
  return stoppedOverThere.test(message) ? 'engineStopped' : 'engineFailed';
}

/** ssh found nobody at the address, or docker (before 28, since 28) or podman found no engine on the other machine. */
const stoppedOverThere =
  /connection refused|timed out|no route to host|cannot connect to the docker daemon|no such file or directory|unable to connect to podman/i;
