/** The files that our own code is in, without `.cjs`. */
export const ownFiles: readonly string[];
