import { isCancelled, systemCode, TeaChestError, type ErrorFacts } from '../base/errors.ts';

/** OpenSSL's ways to say that the other side does not speak TLS; Node ≤ 22 says EPROTO and gives the reason as text. */
const notTls =
  /ERR_SSL_(?:WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG|HTTP_REQUEST|RECORD_LAYER_FAILURE)|wrong version number|packet length too long/;

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
  return new TeaChestError('registryUnreachable', `${target.host} ${reason(code, words)}`, { cause: error, facts });
}

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
