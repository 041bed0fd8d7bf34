/** The little of WebAssembly used here: Node has it, but its types come with the DOM's, which the core does without. */
interface WebAssemblyApi {
  compile(bytes: Uint8Array): Promise<WasmModule>;
  readonly Instance: new (module: WasmModule, imports: Record<string, never>) => { readonly exports: unknown };
}

/** Compiled code: can be handed to other threads, which then share it. */
export type WasmModule = object & { readonly __wasmModule?: never };

export const webAssembly = (globalThis as unknown as { readonly WebAssembly: WebAssemblyApi }).WebAssembly;
