import path from 'node:path';
import { peekBytes } from '../../base/peekBytes.ts';
import { compressionOf } from '../../oci/compressionOf.ts';
import type { Digest } from '../../oci/digest.ts';
import { ArchiveContents } from './archiveContents.ts';
import { tarEntries, type TarEntry } from './tarEntries.ts';
import { LegacyLayerIds, namedDiffId } from './legacyLayerIds.ts';
import type { ArchiveSubject } from '../types.ts';
import type { ArchiveItem } from '../../ports/imageSource.ts';

/** Bytes of white space that a document may begin with (RFC 8259 allows any number). */
const maxIndent = 1024;
const jsonWhiteSpace = Buffer.from(' \t\r\n');
const openingBrace = 0x7b;

/** Far more than any real config has. */
const maxJsonBytes = 16 * 1024 * 1024;

/**
 * Reads the archive that an engine exports of one or several images: docker's format up to release 24, its OCI layout with
 * `manifest.json` since 25 (with compressed blobs from containerd's store), or podman's docker-archive. The layers come in
 * the archive's order, each once, then an `image` for each of `images`, after the archive has proved to be whole.
 * Throws `archiveTruncated`, `archiveInvalid`, or the error of `bytes`. `onConsumed` gets the position before which no byte
 * is needed any more; a piece of a layer is valid until the next one is asked for.
 */
export async function* readArchive(
  bytes: AsyncIterable<Uint8Array>,
  images: readonly ArchiveSubject[],
  onConsumed?: (position: number) => void,
): AsyncGenerator<ArchiveItem, void, void> {
  const contents = new ArchiveContents(images);
  const diffIds = new Set(images.flatMap((image) => image.diffIds));
  const legacyIds = new LegacyLayerIds(images);
  const hints = new Map<string, Digest>();
  for await (const entry of tarEntries(bytes, onConsumed)) {
    if (entry.type !== 'other') contents.addFile(entry.path);
    if (entry.target !== undefined) contents.addLink(entry.path, entry.target);
    if (entry.type !== 'file') continue;

    const { role, body, hint } = await classify(entry, diffIds);
    if (role === 'layer') {
      contents.addLayer(entry.path);
      const expectedDiffId = hint ?? hints.get(path.posix.dirname(entry.path));
      yield { kind: 'layer', path: entry.path, size: entry.size, expectedDiffId, body };
    } else if (role !== 'other') {
      const json = await readWhole(body, entry.size);
      if (json === undefined) contents.addOversized(entry.path);
      else if (role === 'document') contents.addDocument(entry.path, json);
      else noteHint(entry.path, json, legacyIds, hints);
    }
  }
  for (const image of images) yield contents.image(image);
}

interface Classified {
  /** `document`: manifest.json, index.json, or what may be a config. `legacy`: the `json` file beside a `layer.tar`. */
  readonly role: 'layer' | 'document' | 'legacy' | 'other';
  readonly body: AsyncIterable<Uint8Array>;
  /** The diffID that the file is named after. */
  readonly hint?: Digest | undefined;
}

async function classify(entry: TarEntry, diffIds: ReadonlySet<Digest>): Promise<Classified> {
  const { body } = entry;
  const { dir, base } = path.posix.parse(entry.path);
  if (dir === 'blobs/sha256') {
    const hint = namedDiffId(base, diffIds);
    return hint === undefined ? classifyBlob(body) : { role: 'layer', body, hint };
  }
  if (base.endsWith('.tar')) {
    return { role: 'layer', body, hint: dir === '' ? namedDiffId(base, diffIds) : undefined };
  }
  if (dir === '' && base.endsWith('.json')) return { role: 'document', body };
  return { role: base === 'json' ? 'legacy' : 'other', body };
}

/**
 * A blob that is not named by a diffID of the images, as an uncompressed layer would be: a compressed layer, a JSON
 * document, or something else.
 */
async function classifyBlob(body: AsyncIterable<Uint8Array>): Promise<Classified> {
  const { head, body: whole } = await peekBytes(body, maxIndent);
  if (compressionOf(head) !== undefined) return { role: 'layer', body: whole };
  const first = head.find((byte) => !jsonWhiteSpace.includes(byte));
  return { role: first === openingBrace ? 'document' : 'other', body: whole };
}

/** Undefined, without reading, if it is too large for memory. */
async function readWhole(body: AsyncIterable<Uint8Array>, size: number): Promise<Buffer | undefined> {
  if (size > maxJsonBytes) return undefined;
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks);
}

function noteHint(file: string, json: Buffer, legacyIds: LegacyLayerIds, hints: Map<string, Digest>): void {
  const folder = path.posix.dirname(file);
  const diffId = legacyIds.diffId(folder, json);
  if (diffId !== undefined) hints.set(folder, diffId);
}
