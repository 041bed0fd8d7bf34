import type { Plugin } from 'esbuild';

/** The names that our code imports from each large package. */
export const usedNames: Readonly<Record<string, readonly string[]>>;
/** Packages with a bundle of their own. */
export const largePackages: readonly string[];
/** The file of undici's parser. */
export const parserFile: string;
export const define: Readonly<Record<string, string>>;
/** Leaves out what we never reach. */
export const onlyWhatWeUse: Plugin;
/** Makes an entry point of a package's name. */
export const packageEntries: Plugin;
/** Loads the bundles of large packages instead of the packages. */
export const packagesApart: Plugin;
