import type { Metafile } from 'esbuild';

/** What the licences of everything that ships ask to be shipped with it: their own texts. Fails if one cannot be found. */
export function thirdPartyNotices(metafiles: readonly Metafile[]): Promise<string>;
