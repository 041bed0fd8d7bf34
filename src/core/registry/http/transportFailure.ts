import { isCancelled, systemCode, TeaChestError, type ErrorFacts } from '../../base/errors.ts';

/** OpenSSL's ways to say that the other side does not speak TLS; Node ≤ 22 says EPROTO and gives the reason as text. */
const notTls =
  /ERR_SSL_(?:WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG|HTTP_REQUEST|RECORD_LAYER_FAILURE)|wrong version number|packet length too long/;

/** Alerts of the other side (RFC 8446 §6) about the client certificate that it was shown, or missed. */
const noClientCertificate = /ALERT_CERTIFICATE_REQUIRED|alert certificate required/i;
const badClientCertificate =
  /ALERT_(?:BAD_CERTIFICATE|UNKNOWN_CA|CERTIFICATE_(?:EXPIRED|REVOKED|UNKNOWN)|UNSUPPORTED_CERTIFICATE|ACCESS_DENIED)|alert (?:bad certificate|unknown ca|certificate (?:expired|revoked|unknown)|unsupported certificate|access denied)/i;
/** Both sides know TLS, and have no version, cipher or signature in common. */
const nothingInCommon =
  /ALERT_PROTOCOL_VERSION|UNSUPPORTED_PROTOCOL|NO_PROTOCOLS_AVAILABLE|UNSUPPORTED_SSL_VERSION|alert protocol version|unsupported protocol|no protocols available|ALERT_INSUFFICIENT_SECURITY|insufficient security|DH_KEY_TOO_SMALL|dh key too small|LEGACY_SIGALG|legacy sigalg|NO_SHARED_CIPHER/i;
const handshakeFailure = /ALERT_HANDSHAKE_FAILURE|alert handshake failure/i;

/** `target` is what was to be reached, said as the person knows it: `gitea.example.com`. */
export function transportFailure(error: unknown, target: URL, signal: AbortSignal): TeaChestError {
  // Our own errors are thrown by the connector (certificates, proxies) and by the source of a body (a spool that failed).
  if (error instanceof TeaChestError) return error;
  if (signal.aborted || isCancelled(error)) return new TeaChestError('cancelled', 'Cancelled.', { cause: error });
  const words = wordsOf(error);
  const code = systemCode(error);
  const facts: ErrorFacts = { host: target.host, ...(code === undefined ? {} : { system: code }) };
  if (notTls.test(`${code ?? ''} ${words}`)) {
    return new TeaChestError(
      'plainHttp',
      `${target.host} does not speak https there: what it answered is no TLS. Nothing was sent.`,
      { cause: error, facts },
    );
  }
  const refusal = tlsRefusal(`${code ?? ''} ${words}`);
  if (refusal !== undefined) {
    const { code: kind, words: why, ...more } = refusal;
    return new TeaChestError(kind, `${target.host} ${why}`, { cause: error, facts: { ...facts, ...more } });
  }
  if (badUpgrade.test(words)) {
    return new TeaChestError(
      'notARegistry',
      `${target.host} answered as if another protocol had been asked for (101 Switching Protocols), which no registry does.`,
      { cause: error, facts },
    );
  }
  return new TeaChestError('registryUnreachable', `${target.host} ${reason(code, words)}`, { cause: error, facts });
}

/** undici's word for an answer of 101 that nobody asked for. */
const badUpgrade = /^bad upgrade$/;

/** nginx's words (ngx_http_special_response.c): it answers 400 by http where others send an alert. */
const clientCertificateAnswer = /No required SSL certificate was sent|The SSL certificate error/;

/** The error for an answer by which a server says that it wants (another) client certificate; undefined if it says no such thing. */
export function clientCertificateRefusal(url: URL, status: number, body: Buffer): TeaChestError | undefined {
  if (url.protocol !== 'https:' || status !== 400 || body.byteLength > 4096) return undefined;
  const words = clientCertificateAnswer.exec(body.toString('latin1'))?.[0];
  if (words === undefined) return undefined;
  const text = words.startsWith('No')
    ? 'asks for a client certificate, and was shown none'
    : 'refuses the client certificate that it was shown';
  return new TeaChestError('clientCertificateNeeded', `${url.host} ${text} (it says: ${words}).`, {
    facts: { host: url.host },
  });
}

function tlsRefusal(words: string):
  | {
      readonly code: 'clientCertificateNeeded' | 'tlsRefused';
      readonly words: string;
      readonly mayWantClientCertificate?: true;
    }
  | undefined {
  if (noClientCertificate.test(words)) {
    return { code: 'clientCertificateNeeded', words: 'asks for a client certificate, and was shown none.' };
  }
  if (badClientCertificate.test(words)) {
    return { code: 'clientCertificateNeeded', words: 'refuses the client certificate that it was shown.' };
  }
  if (nothingInCommon.test(words)) {
    return {
      code: 'tlsRefused',
      words: 'allows no version of TLS that is still safe (1.2 or 1.3), or no cipher that is. Nothing was sent.',
    };
  }
  if (handshakeFailure.test(words)) {
    return {
      code: 'tlsRefused',
      // OpenSSL's servers say no more than that by TLS 1.2.
      mayWantClientCertificate: true,
      words:
        'refused the TLS handshake: it may ask for a client certificate, or allow no cipher that is still safe. Nothing was sent.',
    };
  }
  return undefined;
}

/** What happened on the context, as the end of a sentence. */
export function failureWords(error: unknown): string {
  const code = systemCode(error);
  const known = code === undefined ? undefined : connectWords[code];
  return known ?? wordsOf(error);
}

const connectWords: Readonly<Record<string, string>> = {
  ENOTFOUND: 'there is no host of that name',
  EAI_AGAIN: 'its name could not be looked up just now',
  ECONNREFUSED: 'nobody listens on that port',
  ETIMEDOUT: 'it did not answer in time',
  ECONNRESET: 'it closed the connection',
  UND_ERR_SOCKET: 'it closed the connection',
};

function reason(code: string | undefined, words: string): string {
  switch (code) {
    case 'ENOTFOUND':
      return 'cannot be reached: there is no host of that name.';
    case 'EAI_AGAIN':
      return 'cannot be reached: the name could not be looked up just now.';
    case 'ECONNREFUSED':
      return 'cannot be reached: nobody listens on that port.';
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
      return `cannot be reached: there is no route to it (${code}).`;
    case 'ETIMEDOUT':
    case 'UND_ERR_CONNECT_TIMEOUT':
      return 'cannot be reached: it did not answer in time.';
    case 'UND_ERR_HEADERS_TIMEOUT':
    case 'UND_ERR_BODY_TIMEOUT':
      return 'stopped answering.';
    case 'ECONNRESET':
    case 'EPIPE':
    case 'UND_ERR_SOCKET':
      return `closed the connection before it had answered (${words}).`;
    default:
      return `could not be talked to: ${words}.`;
  }
}

function wordsOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.message !== '') return error.message;
  // Node tries several addresses at once and wraps what each said.
  return error instanceof AggregateError ? wordsOf(error.errors[0]) : error.name;
}
