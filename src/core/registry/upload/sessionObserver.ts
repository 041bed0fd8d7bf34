import type { RegistryRequest, RegistryResponse, Send } from '../http/httpTypes.ts';
import { uploadLocation } from './uploadLocation.ts';

/** Learns which upload sessions are open at a registry, so that they can be closed if this process is killed. */
export interface SessionObserver {
  /**
   * `session` identifies it; `url` is its current location, which some registries change with every chunk. The session is
   * not used before the returned promise has resolved.
   */
  opened(session: string, url: URL): Promise<void> | void;
  closed(session: string): void;
}

/** Reports each upload session that a request opens, moves or closes. */
export function withSessionObserver(send: Send, origin: string, observer: SessionObserver): Send {
  return async (request) => {
    const response = await send(request);
    await observe(request, response, origin, observer);
    return response;
  };
}

async function observe(
  request: RegistryRequest,
  response: RegistryResponse,
  origin: string,
  observer: SessionObserver,
): Promise<void> {
  const { method, url } = request;
  const { status } = response;
  if (!url.pathname.includes('/blobs/uploads/')) return;
  if (status === 202 && (method === 'POST' || method === 'PATCH')) {
    const now = locationOf(response, origin, method === 'PATCH' ? url : undefined);
    if (now === undefined) return;
    // If a chunk gives the session another path, the former one is gone.
    if (method === 'PATCH' && now.pathname !== url.pathname) observer.closed(url.pathname);
    await observer.opened(now.pathname, now);
  } else if (isOver(method, status)) observer.closed(url.pathname);
}

function isOver(method: RegistryRequest['method'], status: number): boolean {
  const isDone = status >= 200 && status < 300;
  return (method === 'PUT' && isDone) || (method === 'DELETE' && (isDone || status === 404));
}

/** Undefined for a location with which the upload itself fails. */
function locationOf(response: RegistryResponse, origin: string, before: URL | undefined): URL | undefined {
  try {
    return uploadLocation(response, origin, before);
  } catch {
    return undefined;
  }
}
