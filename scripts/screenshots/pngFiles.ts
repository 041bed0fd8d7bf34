import { readFile } from 'node:fs/promises';
import UPNG from 'upng-js';

/** A picture as it was taken, and when. */
export interface Frame {
  readonly png: Buffer;
  /** Milliseconds. */
  readonly at: number;
}

/** The picture with at most 256 colours: what VS Code draws looks the same, at half the size. */
export async function smallPng(path: string): Promise<Buffer> {
  const { width, height, rgba } = pixelsOf(await readFile(path));
  return Buffer.from(UPNG.encode([rgba], width, height, 256));
}

/** An animated PNG that shows each frame as long as it was on the screen. The last one stays for `lastMs`. */
export function animatedPng(frames: readonly Frame[], lastMs: number, colours: number): Buffer {
  const pictures = frames.map(({ png }) => pixelsOf(png));
  const delays = frames.map(({ at }, index) => (frames[index + 1]?.at ?? at + lastMs) - at);
  const [{ width, height } = { width: 0, height: 0 }] = pictures;
  const all = pictures.map(({ rgba }) => rgba);
  return Buffer.from(UPNG.encode(all, width, height, colours, delays));
}

/** Whether two pictures show the same. */
export const isSame = (one: Buffer, other: Buffer): boolean => one.equals(other);

function pixelsOf(png: Buffer): { width: number; height: number; rgba: ArrayBuffer } {
  const image = UPNG.decode(new Uint8Array(png).buffer);
  const [rgba] = UPNG.toRGBA8(image);
  if (rgba === undefined) throw new Error('The picture has no frame.');
  return { width: image.width, height: image.height, rgba };
}
