import { buffer } from 'node:stream/consumers';
import { pack, type Header } from 'tar-stream';

/** A file of a layer: its content, or the header of something else than a file. */
export type LayerFile = string | Buffer | Partial<Header>;

/** The tar of a layer; the same files always give the same bytes. */
export async function layerTar(files: Readonly<Record<string, LayerFile>>): Promise<Buffer> {
  const archive = pack();
  const whole = buffer(archive);
  for (const [name, file] of Object.entries(files)) {
    const isContent = typeof file === 'string' || Buffer.isBuffer(file);
    const header = { name, mode: 0o644, mtime: new Date(0), uid: 0, gid: 0 };
    if (isContent) archive.entry(header, file);
    else archive.entry({ ...header, ...file }, 'x'.repeat(file.size ?? 0));
  }
  archive.finalize();
  return whole;
}

/** Bytes that look random and are the same each time, so that no compression makes them small. */
export function noise(seed: string, bytes: number): Buffer {
  const result = Buffer.alloc(bytes);
  let state = 0;
  for (const character of seed) state = (Math.imul(state, 31) + character.charCodeAt(0)) >>> 0;
  for (let at = 0; at < bytes; at++) {
    // Numerical Recipes' linear congruential generator; its high bits are the good ones.
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    result[at] = state >>> 24;
  }
  return result;
}
