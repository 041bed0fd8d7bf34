import { startPrivateEngine, type Engine } from '../tools/engine.ts';
import { startNewEngine } from '../tools/newEngine.ts';
import { callPodman, startPodman } from '../tools/podman.ts';
import { rootlessObstacle, startRootless } from '../tools/rootless.ts';

export type EngineId =
  'docker20' | 'docker28' | 'containerd28' | 'podman4' | 'podman5' | 'rootlessDocker' | 'rootlessPodman';

/** An engine of the matrix: a column. */
export interface MatrixEngine {
  readonly id: EngineId;
  readonly title: string;
  readonly family: 'docker' | 'podman';
  readonly start: (options: { readonly dataParent: string | undefined }) => Promise<Engine>;
  /** Why this machine cannot run it; undefined if it can. */
  readonly obstacle?: () => Promise<string | undefined>;
  /** Pulls from a registry by plain http on this machine's loopback; undefined if the engine does not reach that. */
  readonly pull?: (engine: Engine, reference: string) => Promise<unknown>;
}

const pullByDocker = (engine: Engine, reference: string): Promise<unknown> =>
  engine.docker(['pull', '--quiet', reference]);

const pullByPodman = (engine: Engine, reference: string): Promise<unknown> =>
  callPodman(engine, 'images/pull', [
    ['reference', reference],
    ['tlsVerify', 'false'],
  ]);

/** Those whose column takes longest first: two run at a time. */
export const matrixEngines: readonly MatrixEngine[] = [
  {
    id: 'rootlessPodman',
    title: 'podman 4.3, rootless',
    family: 'podman',
    start: (options) => startRootless('podman', options),
    obstacle: rootlessObstacle,
    pull: pullByPodman,
  },
  {
    id: 'rootlessDocker',
    title: 'Docker 20.10, rootless',
    family: 'docker',
    start: (options) => startRootless('docker', options),
    obstacle: rootlessObstacle,
    // Its network is behind slirp4netns, which does not lead to this machine's loopback.
  },
  {
    id: 'podman5',
    title: 'podman 5.8',
    family: 'podman',
    start: (options) => startPodman(5, options),
    pull: pullByPodman,
  },
  {
    id: 'podman4',
    title: 'podman 4.3',
    family: 'podman',
    start: (options) => startPodman(4, options),
    pull: pullByPodman,
  },
  {
    id: 'docker20',
    title: 'Docker 20.10, classic store',
    family: 'docker',
    start: (options) => startPrivateEngine(options),
    pull: pullByDocker,
  },
  {
    id: 'containerd28',
    title: 'Docker 28, containerd store',
    family: 'docker',
    start: (options) => startNewEngine({ containerdStore: true, ...options }),
    pull: pullByDocker,
  },
  {
    id: 'docker28',
    title: 'Docker 28, classic store',
    family: 'docker',
    start: (options) => startNewEngine({ containerdStore: false, ...options }),
    pull: pullByDocker,
  },
];
