import { header, type Exchange } from '../http/exchange.ts';

/** Go's form parser reads at most this much of a URL-encoded body. */
const formLimit = 10 * 1024 * 1024;

/**
 * The body that an upload handler gets to see. Gitea reads its parameters with Go's FormValue, which consumes a body of
 * the type of a form: no bytes are left for the blob. (curl --data-binary sends it as a form by default.)
 */
export async function* uploadBody(exchange: Exchange): AsyncGenerator<Buffer, void> {
  const [type = ''] = header(exchange, 'content-type').toLowerCase().split(';');
  const multipart = type.trim() === 'multipart/form-data' && header(exchange, 'content-type').includes('boundary=');
  if (multipart) await exchange.body.drain(Infinity);
  if (type.trim() === 'application/x-www-form-urlencoded') await exchange.body.drain(formLimit);
  yield* exchange.body;
}
