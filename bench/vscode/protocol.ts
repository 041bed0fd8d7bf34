/** How the bench tells vscode/measure.ts what it needs to know: by environment variables. */
export const measureVariables = {
  /** The engine to list, as in DOCKER_HOST. */
  engine: 'TEA_CHEST_BENCH_ENGINE',
  /** The file that HostFigures go to, as JSON. */
  out: 'TEA_CHEST_BENCH_OUT',
} as const;

export interface HostFigures {
  readonly vscode: string;
  readonly node: string;
  readonly activationMs: number;
  readonly treeMs: number;
  readonly treeRows: number;
}
