import type { Metafile } from 'esbuild';

/** What the licences of everything that ships ask to be shipped with it: their own texts. Fails if one cannot be found. */
export function thirdPartyNotices(metafiles: readonly Metafile[]): Promise<string>;

/** The licences of packages that have one in their repository and not in the package: their paths, by name. */
export const licenceCopies: Readonly<Record<string, string>>;
