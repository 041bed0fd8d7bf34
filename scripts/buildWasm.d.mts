/** Where everything looks for it unless told otherwise. */
export const wasmFile: string;
/** Compiles the DEFLATE encoder to `outFile`, unless that is newer than all it is made of; gives `outFile`. */
export function buildWasm(outFile?: string): Promise<string>;
