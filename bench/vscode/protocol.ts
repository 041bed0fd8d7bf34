/** The environment variables by which the bench configures vscode/measure.ts. */
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
