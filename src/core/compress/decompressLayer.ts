import type { Duplex } from 'node:stream';
import { finished } from 'node:stream/promises';
import * as zlib from 'node:zlib';
import * as l10n from '@vscode/l10n';
import { TeaChestError } from '../base/errors.ts';
import { peekBytes } from '../base/peekBytes.ts';
import { compressionOf, magicLength } from '../oci/compressionOf.ts';
import { mediaTypes } from '../oci/mediaTypes.ts';

/** A compression in which an engine may hold a layer, so that it can go out as it is. */
export interface LayerCompression {
  readonly mediaType: string;
  /** Creates a stream that decompresses; undefined where this Node cannot. */
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

/** Looks at the first bytes; `body` gives the whole stream. */
export async function detectLayerCompression(
  stream: AsyncIterable<Uint8Array>,
): Promise<{ readonly form: LayerCompression | undefined; readonly body: AsyncIterable<Uint8Array> }> {
  const { head, body } = await peekBytes(stream, magicLength);
  const compression = compressionOf(head);
  return { form: compression && forms[compression], body };
}

/** Yields the compressed bytes as they are, and calls `onTar` with the uncompressed ones. */
export async function* decompressBeside(
  body: AsyncIterable<Uint8Array>,
  form: LayerCompression,
  path: string,
  onTar: (chunk: Uint8Array) => void,
): AsyncGenerator<Uint8Array> {
  if (form.open === undefined) {
    throw new TeaChestError(
      'archiveInvalid',
      l10n.t`The layer ${path} is compressed with zstd, which this VS Code cannot read.`,
    );
  }
  const stream = form.open();
  stream.on('data', onTar);
  const ended = finished(stream);
  ended.catch(() => undefined);
  try {
    for await (const chunk of body) {
      // The memory of a chunk is used again as soon as the next one is asked for.
      const consumed = written(stream, chunk);
      yield chunk;
      await consumed;
    }
    stream.end();
    await ended;
  } catch (error) {
    if (!isZlibError(error)) throw error;
    throw new TeaChestError(
      'archiveInvalid',
      l10n.t`The layer ${path} is damaged: it cannot be decompressed (${error.message}).`,
      {
        cause: error,
      },
    );
  } finally {
    stream.destroy();
  }
}

/** Resolves once the stream has consumed the chunk, or has failed: then its end gives the reason. */
async function written(stream: Duplex, chunk: Uint8Array): Promise<void> {
  await new Promise<void>((resolve) => {
    const done = (): void => {
      stream.off('close', done);
      resolve();
    };
    // zlib does not call back for a write that made it fail.
    stream.once('close', done);
    if (stream.destroyed) done();
    else stream.write(chunk, done);
  });
}

function isZlibError(error: unknown): error is Error {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' && /^(Z_|ZSTD_)/.test(error.code);
}
