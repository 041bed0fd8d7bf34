import type { BuildOptions, Metafile } from 'esbuild';

/** How every bundle is made. */
export function common(options: { production: boolean }): BuildOptions;
/** Builds everything once. */
export function build(options?: { production?: boolean }): Promise<Metafile[]>;
