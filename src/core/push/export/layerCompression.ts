import type { Duplex } from 'node:stream';
import { finished } from 'node:stream/promises';
import * as zlib from 'node:zlib';
import { TeaChestError } from '../../base/errors.ts';
import { peekBytes } from '../../base/peekBytes.ts';
import { compressionOf, magicLength } from '../../oci/compressionOf.ts';
import { mediaTypes } from '../../oci/mediaTypes.ts';

/** The form in which an engine may hold a layer, so that it can go out as it is. */
export interface LayerCompression {
  readonly mediaType: string;
  /** Makes a stream that undoes the compression; undefined where this Node cannot. */
  readonly open: (() => Duplex) | undefined;
}

const forms: Readonly<Record<'gzip' | 'zstd', LayerCompression>> = {
  gzip: { mediaType: mediaTypes.ociLayerGzip, open: () => zlib.createGunzip() },
  // Node 22.15 and newer.
  zstd: {
    mediaType: mediaTypes.ociLayerZstd,
    open: 'createZstdDecompress' in zlib ? () => zlib.createZstdDecompress() : undefined,
  },
};

/** Looks at the first bytes; `body` is the whole again. */
export async function detectLayerCompression(
  stream: AsyncIterable<Uint8Array>,
): Promise<{ readonly form: LayerCompression | undefined; readonly body: AsyncIterable<Uint8Array> }> {
  const { head, body } = await peekBytes(stream, magicLength);
  const compression = compressionOf(head);
  return { form: compression && forms[compression], body };
}

/** Passes the compressed bytes on as they are and shows the uncompressed ones to `onTar`. */
export async function* decompressBeside(
  body: AsyncIterable<Uint8Array>,
  form: LayerCompression,
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
      // Nothing may hold a chunk any more when the next one is asked for: its memory is used again.
      const taken = written(stream, chunk);
      yield chunk;
      await taken;
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

/** Until it has taken the chunk in, or has broken: then the end says why. */
async function written(stream: Duplex, chunk: Uint8Array): Promise<void> {
  await new Promise<void>((resolve) => {
    const done = (): void => {
      stream.off('close', done);
      resolve();
    };
    // zlib does not answer a write at which it broke.
    stream.once('close', done);
    if (stream.destroyed) done();
    else stream.write(chunk, done);
  });
}

function isZlibError(error: unknown): error is Error {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' && /^(Z_|ZSTD_)/.test(error.code);
}
