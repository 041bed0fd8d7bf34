import type { Duplex } from 'node:stream';
import { finished } from 'node:stream/promises';
import * as zlib from 'node:zlib';
import { TeaChestError } from '../base/errors.ts';
import { mediaTypes } from '../oci/mediaTypes.ts';

/** The form in which an engine may hold a layer, so that it can go out as it is. */
export interface StoredForm {
  readonly mediaType: string;
  /** Makes a stream that undoes the compression; undefined where this Node cannot. */
  readonly open: (() => Duplex) | undefined;
}

const forms: readonly { readonly magic: readonly number[]; readonly form: StoredForm }[] = [
  { magic: [0x1f, 0x8b], form: { mediaType: mediaTypes.ociLayerGzip, open: () => zlib.createGunzip() } },
  {
    magic: [0x28, 0xb5, 0x2f, 0xfd],
    // Node 22.15 and newer.
    form: {
      mediaType: mediaTypes.ociLayerZstd,
      open: 'createZstdDecompress' in zlib ? () => zlib.createZstdDecompress() : undefined,
    },
  },
];

/**
 * Looks at the first bytes: a tar begins with a file's name or with zeros, never with the magic number of a
 * compression. `body` is the whole again.
 */
export async function peekStoredForm(
  body: AsyncIterable<Uint8Array>,
): Promise<{ readonly form: StoredForm | undefined; readonly body: AsyncIterable<Uint8Array> }> {
  const pieces = body[Symbol.asyncIterator]();
  let head: Uint8Array = Buffer.alloc(0);
  while (head.byteLength < 4) {
    const next = await pieces.next();
    if (next.done === true) break;
    head = head.byteLength === 0 ? next.value : Buffer.concat([head, next.value]);
  }
  const found = forms.find(({ magic }) => magic.every((byte, at) => head[at] === byte));
  return { form: found?.form, body: whole(head, pieces) };
}

async function* whole(head: Uint8Array, rest: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    if (head.byteLength > 0) yield head;
    for (let next = await rest.next(); next.done !== true; next = await rest.next()) yield next.value;
  } finally {
    await rest.return?.();
  }
}

/** Passes the compressed bytes on as they are and shows the uncompressed ones to `onTar`. */
export async function* unpack(
  body: AsyncIterable<Uint8Array>,
  form: StoredForm,
  path: string,
  onTar: (chunk: Uint8Array) => void,
): AsyncGenerator<Uint8Array> {
  if (form.open === undefined) {
    throw new TeaChestError(
      'archiveInvalid',
      `The layer ${path} is compressed with zstd, which this VS Code cannot read.`,
    );
  }
  const stream = form.open();
  stream.on('data', onTar);
  const ended = finished(stream);
  ended.catch(() => undefined);
  try {
    for await (const chunk of body) {
      if (!stream.write(chunk)) await drained(stream);
      yield chunk;
    }
    stream.end();
    await ended;
  } catch (error) {
    if (!isZlibError(error)) throw error;
    throw new TeaChestError(
      'archiveInvalid',
      `The layer ${path} is damaged: it cannot be decompressed (${error.message}).`,
      {
        cause: error,
      },
    );
  } finally {
    stream.destroy();
  }
}

/** Until it takes more, or has broken: then the next write or the end says why. */
async function drained(stream: Duplex): Promise<void> {
  await new Promise<void>((resolve) => {
    const go = (): void => {
      stream.off('drain', go).off('close', go);
      resolve();
    };
    stream.on('drain', go).on('close', go);
  });
}

function isZlibError(error: unknown): error is Error {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' && /^(Z_|ZSTD_)/.test(error.code);
}
