import * as l10n from '@vscode/l10n';
import { isCancelled, systemCode, TeaChestError, type ErrorCode, type ErrorFacts } from '../../base/errors.ts';

/** OpenSSL's errors for a server that does not speak TLS; Node ≤ 22 has the code EPROTO and the reason in the text. */
const notTls =
  /ERR_SSL_(?:WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG|HTTP_REQUEST|RECORD_LAYER_FAILURE)|wrong version number|packet length too long/;

interface TlsRefusal {
  readonly pattern: RegExp;
  readonly code: ErrorCode;
  readonly message: (host: string) => string;
  readonly facts?: ErrorFacts;
}

/** Alerts by which a server refuses a handshake (RFC 8446 §6), and OpenSSL's own reasons to give one up. */
const tlsRefusals: readonly TlsRefusal[] = [
  {
    pattern: /ALERT_CERTIFICATE_REQUIRED|alert certificate required/i,
    code: 'clientCertificateNeeded',
    message: (host) => l10n.t`${host} asks for a client certificate, and was shown none.`,
  },
  {
    pattern:
      /ALERT_(?:BAD_CERTIFICATE|UNKNOWN_CA|CERTIFICATE_(?:EXPIRED|REVOKED|UNKNOWN)|UNSUPPORTED_CERTIFICATE|ACCESS_DENIED)|alert (?:bad certificate|unknown ca|certificate (?:expired|revoked|unknown)|unsupported certificate|access denied)/i,
    code: 'clientCertificateNeeded',
    message: (host) => l10n.t`${host} refuses the client certificate that it was shown.`,
  },
  // Both sides speak TLS, but have no version, cipher or signature in common.
  {
    pattern:
      /ALERT_PROTOCOL_VERSION|UNSUPPORTED_PROTOCOL|NO_PROTOCOLS_AVAILABLE|UNSUPPORTED_SSL_VERSION|alert protocol version|unsupported protocol|no protocols available|ALERT_INSUFFICIENT_SECURITY|insufficient security|DH_KEY_TOO_SMALL|dh key too small|LEGACY_SIGALG|legacy sigalg|NO_SHARED_CIPHER/i,
    code: 'tlsRefused',
    message: (host) =>
      l10n.t`${host} allows no version of TLS that is still safe (1.2 or 1.3), or no cipher that is. Nothing was sent.`,
  },
  // With TLS 1.2, OpenSSL's servers send no more specific alert.
  {
    pattern: /ALERT_HANDSHAKE_FAILURE|alert handshake failure/i,
    code: 'tlsRefused',
    message: (host) =>
      l10n.t`${host} refused the TLS handshake: it may ask for a client certificate, or allow no cipher that is still safe. Nothing was sent.`,
    facts: { mayWantClientCertificate: true },
  },
];

/** The error for a request that got no answer. `target`: the URL that was to be reached. */
export function transportFailure(error: unknown, target: URL, signal: AbortSignal): TeaChestError {
  // Thrown by the connector (certificates, proxies) or by the source of a body (the spool).
  if (error instanceof TeaChestError) return error;
  if (signal.aborted || isCancelled(error))
    return new TeaChestError('cancelled', l10n.t('Cancelled.'), { cause: error });
  const message = messageOf(error);
  const code = systemCode(error);
  const facts: ErrorFacts = { host: target.host, ...(code === undefined ? {} : { system: code }) };
  if (notTls.test(`${code ?? ''} ${message}`)) {
    return new TeaChestError(
      'plainHttp',
      l10n.t`${target.host} does not speak https there: what it answered is no TLS. Nothing was sent.`,
      { cause: error, facts },
    );
  }
  const refusal = tlsRefusals.find(({ pattern }) => pattern.test(`${code ?? ''} ${message}`));
  if (refusal !== undefined) {
    return new TeaChestError(refusal.code, refusal.message(target.host), {
      cause: error,
      facts: { ...facts, ...refusal.facts },
    });
  }
  if (badUpgrade.test(message)) {
    return new TeaChestError(
      'notARegistry',
      l10n.t`${target.host} answered as if another protocol had been asked for (101 Switching Protocols), which no registry does.`,
      { cause: error, facts },
    );
  }
  return new TeaChestError('registryUnreachable', describeNoAnswer(target.host, code, message), {
    cause: error,
    facts,
  });
}

/** undici's message for a 101 without an Upgrade request. */
const badUpgrade = /^bad upgrade$/;

/** nginx answers 400 where other servers send a TLS alert (ngx_http_special_response.c). */
const clientCertificateAnswer = /No required SSL certificate was sent|The SSL certificate error/;

/** The error for an answer that asks for a client certificate, or another one; undefined for any other answer. */
export function clientCertificateRefusal(url: URL, status: number, body: Buffer): TeaChestError | undefined {
  if (url.protocol !== 'https:' || status !== 400 || body.byteLength > 4096) return undefined;
  const message = clientCertificateAnswer.exec(body.toString('latin1'))?.[0];
  if (message === undefined) return undefined;
  const { host } = url;
  const text = message.startsWith('No')
    ? l10n.t`${host} asks for a client certificate, and was shown none (it says: ${message}).`
    : l10n.t`${host} refuses the client certificate that it was shown (it says: ${message}).`;
  return new TeaChestError('clientCertificateNeeded', text, {
    facts: { host },
  });
}

/** What went wrong, as the end of a sentence, after a colon. */
export function describeFailure(error: unknown): string {
  return connectionFailures[systemCode(error) ?? ''] ?? messageOf(error);
}

/** Failures of a connection that was being opened, by Node's codes; those after it are in `describeNoAnswer`. */
const connectionFailures: Readonly<Record<string, string>> = {
  ENOTFOUND: l10n.t({
    message: 'there is no host of that name',
    comment: 'After a colon, as in “{host} cannot be reached: …”. “it”: the host, or a proxy',
  }),
  EAI_AGAIN: l10n.t({
    message: 'its name could not be looked up just now',
    comment: 'After a colon, as in “{host} cannot be reached: …”. “it”: the host, or a proxy',
  }),
  ECONNREFUSED: l10n.t({
    message: 'nobody listens on that port',
    comment: 'After a colon, as in “{host} cannot be reached: …”. “it”: the host, or a proxy',
  }),
  EHOSTUNREACH: l10n.t({
    message: 'there is no route to it (EHOSTUNREACH)',
    comment: 'After a colon, as in “{host} cannot be reached: …”. “it”: the host, or a proxy',
  }),
  ENETUNREACH: l10n.t({
    message: 'there is no route to it (ENETUNREACH)',
    comment: 'After a colon, as in “{host} cannot be reached: …”. “it”: the host, or a proxy',
  }),
  ETIMEDOUT: l10n.t({
    message: 'it did not answer in time',
    comment: 'After a colon, as in “{host} cannot be reached: …”. “it”: the host, or a proxy',
  }),
  UND_ERR_CONNECT_TIMEOUT: l10n.t({
    message: 'it did not answer in time',
    comment: 'After a colon, as in “{host} cannot be reached: …”. “it”: the host, or a proxy',
  }),
  ECONNRESET: l10n.t({
    message: 'it closed the connection',
    comment: 'After a colon, as in “{host} cannot be reached: …”. “it”: the host, or a proxy',
  }),
  UND_ERR_SOCKET: l10n.t({
    message: 'it closed the connection',
    comment: 'After a colon, as in “{host} cannot be reached: …”. “it”: the host, or a proxy',
  }),
};

function describeNoAnswer(host: string, code: string | undefined, message: string): string {
  switch (code) {
    case 'UND_ERR_HEADERS_TIMEOUT':
    case 'UND_ERR_BODY_TIMEOUT':
      return l10n.t`${host} stopped answering.`;
    case 'ECONNRESET':
    case 'EPIPE':
    case 'UND_ERR_SOCKET':
      return l10n.t`${host} closed the connection before it had answered (${message}).`;
    default: {
      const known = connectionFailures[code ?? ''];
      return known === undefined
        ? l10n.t`${host} failed to answer: ${message}.`
        : l10n.t({
            message: '{host} cannot be reached: {why}.',
            args: { host, why: known },
            comment: '{why}: such as “nobody listens on that port”',
          });
    }
  }
}

function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.message !== '') return error.message;
  // Node tries several addresses at once and wraps what each said.
  return error instanceof AggregateError ? messageOf(error.errors[0]) : error.name;
}
