import * as l10n from '@vscode/l10n';
import { TeaChestError } from '../../base/errors.ts';
import { DigestCounter, shortDigest, type Digest } from '../../oci/digest.ts';
import { compressionOf, magicLength } from '../../oci/compressionOf.ts';
import type { Descriptor } from '../../oci/manifest.ts';
import { layerTypeOf } from '../../oci/mediaTypes.ts';
import type { ArchiveLayer } from '../../ports/imageSource.ts';
import type { LayerCodec } from '../../ports/layerCodec.ts';
import type { ReadingWaits } from '../pushEvents.ts';
import type { SpooledBlob } from '../../spool/spooledBlob.ts';
import { detectLayerCompression, decompressBeside, type LayerCompression } from '../../compress/decompressLayer.ts';

/** A layer that was read to its end, with its diffID proved. */
export interface LayerRead {
  readonly diffId: Digest;
  /** Bytes before compression. */
  readonly tarSize: number;
  /** Of the blob that the registry will have. */
  readonly descriptor: Descriptor;
  /** True if the engine holds it compressed, and those bytes go out as they are. */
  readonly storedByEngine: boolean;
}

export interface ReadLayerOptions {
  readonly codec: LayerCodec;
  /** The image's diffIDs: a layer that hashes to none of them is not of this image. */
  readonly diffIds: ReadonlySet<Digest>;
  readonly signal: AbortSignal;
  /** Bytes that may be in the blob beyond those that an upload has asked for; undefined: any number. */
  readonly lead?: number | undefined;
  readonly onProgress: (progress: ReadProgress) => void;
  /** Milliseconds. */
  readonly now?: () => number;
}

/** So far. */
export interface ReadProgress {
  /** Bytes read out of the archive. */
  readonly readBytes: number;
  /** Bytes written to the spool. */
  readonly storedBytes: number;
  /** Undefined until the layer's first bytes have shown its form. */
  readonly isCompressed: boolean | undefined;
  readonly waits: ReadingWaits;
}

/**
 * Reads one layer of the archive, compresses it into `blob` and checks that its uncompressed bytes hash to a diffID of
 * the image. Undefined for a layer of another platform's image, which an archive may hold as well. The caller completes
 * or discards the blob.
 */
export async function readLayer(
  layer: ArchiveLayer,
  blob: SpooledBlob,
  options: ReadLayerOptions,
): Promise<LayerRead | undefined> {
  const tar = new DigestCounter();
  const stored = new DigestCounter();
  let readBytes = 0;
  let storedBytes = 0;
  const clock = options.now ?? ((): number => performance.now());
  let [engineMs, pieceMs, firstMs] = [0, 0, 0];
  const found: { isCompressed?: boolean } = {};
  const report = (): void => {
    const { isCompressed } = found;
    const compression = isCompressed === true ? Math.max(0, pieceMs - (engineMs - firstMs)) : 0;
    options.onProgress({ readBytes, storedBytes, isCompressed, waits: { engine: engineMs, compression } });
  };
  const timedBody = timeWaits(layer.body, clock, (ms) => {
    engineMs += ms;
  });
  const counted = countBytes(timedBody, (bytes) => {
    readBytes += bytes;
    report();
  });
  const { form, body } = await detectLayerCompression(counted);
  const isUnchanged = form === undefined && options.codec.isIdentity;
  found.isCompressed = form === undefined && !isUnchanged;
  // The engine's first bytes were waited for before any was compressed.
  firstMs = engineMs;
  const encoded =
    form === undefined
      ? options.codec.encode(hashing(body, tar), { signal: options.signal })
      : decompressBeside(body, form, layer.path, (chunk) => {
          tar.update(chunk);
        });
  let head = Buffer.alloc(0);
  const timed = timeWaits(encoded, clock, (ms) => {
    pieceMs += ms;
  });
  for await (const piece of timed) {
    if (head.byteLength < magicLength) head = Buffer.concat([head, piece.subarray(0, magicLength)]);
    // The same bytes need no second digest.
    if (!isUnchanged) stored.update(piece);
    await blob.write(piece);
    if (options.lead !== undefined) await blob.waitForDemand(options.lead, options.signal);
    storedBytes += piece.byteLength;
    report();
  }
  const tarSize = tar.bytes;
  const diffId = tar.digest();
  if (!isOfThisImage(layer, diffId, form, options.diffIds)) return undefined;
  // From the bytes themselves: the media type that an engine or its manifest gives may be wrong.
  const mediaType = layerTypeOf(isUnchanged ? undefined : compressionOf(head));
  const descriptor = { mediaType, digest: isUnchanged ? diffId : stored.digest(), size: storedBytes };
  return { diffId, tarSize, descriptor, storedByEngine: form !== undefined };
}

function isOfThisImage(
  layer: ArchiveLayer,
  diffId: Digest,
  form: LayerCompression | undefined,
  diffIds: ReadonlySet<Digest>,
): boolean {
  const expected = layer.expectedDiffId;
  if (expected === undefined ? diffIds.has(diffId) : diffId === expected) return true;
  if (expected === undefined && form !== undefined) return false;
  const found = shortDigest(diffId);
  const sentence =
    expected === undefined
      ? l10n.t`The engine gave a layer whose bytes are not those of the image: they hash to ${found}, and the image says one of ${[...diffIds].map(shortDigest).join(', ')}. Nothing of it was published.`
      : l10n.t`The engine gave a layer whose bytes are not those of the image: they hash to ${found}, and the image says ${shortDigest(expected)}. Nothing of it was published.`;
  const facts = { path: layer.path, actual: diffId, expected: expected ?? [...diffIds] };
  throw new TeaChestError('layerMismatch', sentence, { stage: 'verify', facts });
}

/** The same items. `onWait` gets the milliseconds that each took to come. */
async function* timeWaits(
  items: AsyncIterable<Uint8Array>,
  now: () => number,
  onWait: (ms: number) => void,
): AsyncGenerator<Uint8Array> {
  let asked = now();
  for await (const item of items) {
    onWait(now() - asked);
    yield item;
    asked = now();
  }
}

async function* countBytes(
  body: AsyncIterable<Uint8Array>,
  onBytes: (bytes: number) => void,
): AsyncGenerator<Uint8Array> {
  for await (const chunk of body) {
    onBytes(chunk.byteLength);
    yield chunk;
  }
}

async function* hashing(body: AsyncIterable<Uint8Array>, counter: DigestCounter): AsyncGenerator<Uint8Array> {
  for await (const chunk of body) {
    counter.update(chunk);
    yield chunk;
  }
}
