import { normalizeImage } from '../targets/target.ts';

/** What somebody typed → the image as pushes are remembered by it: `app` is `app:latest`. Undefined if it is no image. */
export function typedImage(text: string): string | undefined {
  try {
    return normalizeImage(text.trim());
  } catch {
    return undefined;
  }
}

/** `1a2b3c4` is read as a name first, as engines do, but may be the beginning of an ID. */
export function mayBeShortId(text: string): boolean {
  return /^[0-9a-f]{1,11}$/.test(text);
}
