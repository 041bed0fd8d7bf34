import { toTeaChestError } from '../../base/errors.ts';
import type { Logger } from '../../base/logger.ts';
import type { Send } from './httpTypes.ts';

/** Query parameters that are useful and no secret; distribution's `_state`, for example, is signed. */
const plainParameters: ReadonlySet<string> = new Set([
  'digest',
  'mount',
  'from',
  'service',
  'scope',
  'type',
  'page',
  'limit',
]);

/** Logs one line per request: method, URL, status, time. No headers and no bodies, which may hold secrets. */
export function withLogging(send: Send, logger: Logger, now: () => number): Send {
  return async (request) => {
    const began = now();
    const what = `${request.method} ${printableUrl(request.url)}`;
    try {
      const response = await send(request);
      logger.debug(`${what} → ${response.status} (${Math.round(now() - began)} ms)`);
      return response;
    } catch (error) {
      const { code, message } = toTeaChestError(error);
      logger.debug(`${what} → ${code}: ${message} (${Math.round(now() - began)} ms)`);
      throw error;
    }
  };
}

export function printableUrl(url: URL): string {
  const query = [...url.searchParams].map(([name, value]) => `${name}=${plainParameters.has(name) ? value : '…'}`);
  return `${url.origin}${url.pathname}${query.length === 0 ? '' : `?${query.join('&')}`}`;
}
