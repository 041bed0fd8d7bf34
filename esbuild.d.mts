import type { BuildOptions, Metafile } from 'esbuild';

/** How every bundle is made. */
export function common(options: { production: boolean }): BuildOptions;
/** Makes the bundles, without the encoder, in `folder`. */
export function bundle(options: { production: boolean; folder: string }): Promise<Metafile[]>;
/** Builds everything once. */
export function build(options?: { production?: boolean }): Promise<Metafile[]>;
