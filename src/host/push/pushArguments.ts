/** Arguments of `teaChest.pushImage`. */
export interface PushArguments {
  readonly image: string;
  readonly target?: string;
  readonly platform?: string;
  readonly compression?: Compression;
  readonly strategy?: Strategy;
  readonly recheck?: boolean;
}

export type Compression = 'auto' | 'gzip' | 'zstd' | 'none';

/** How an image leaves the engine: in an archive, or pushed by the engine itself to us. */
export type Strategy = 'auto' | 'export' | 'relay';

export const strategies = ['auto', 'export', 'relay'] as const satisfies readonly Strategy[];

export const compressions = ['auto', 'gzip', 'zstd', 'none'] as const satisfies readonly Compression[];
