import { configKinds } from './configKinds.ts';
import { formatKinds } from './formatKinds.ts';
import type { ImageKind } from './imageKind.ts';
import { indexKinds } from './indexKinds.ts';
import { layerKinds } from './layerKinds.ts';
import { nameKinds } from './nameKinds.ts';

const mebibyte = 2 ** 20;

/** The rows of the matrix. `isLarge`: with a file of 9 GB, whose size a tar header cannot give by octal digits. */
export function allKinds({ isLarge }: { readonly isLarge: boolean }): readonly ImageKind[] {
  const zeros = (isLarge ? 9 * 1024 : 256) * mebibyte;
  return [...layerKinds({ zeros }), ...configKinds, ...formatKinds, ...indexKinds, ...nameKinds];
}
