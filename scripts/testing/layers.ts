import { mayHaveDesktop } from '../../test/e2e/harness/desktop.ts';
import type { Need } from '../../test/tools/provision.ts';

/** A level of tests; docs/testing.md says what belongs where. */
export interface Layer {
  readonly name: string;
  readonly files: string;
  readonly needs: readonly Need[];
  /** The extension's bundle must be there. */
  readonly needsBuild: boolean;
  /** Test files that run at the same time. */
  readonly concurrency: number;
}

const realThings = ['engine', 'skopeo', 'registry', 'nginx', 'ssh', 'openssl', 'netns'] as const;

/** In the order in which they run: what fails fast comes first. */
export const layers: readonly Layer[] = [
  { name: 'unit', files: 'test/unit/**/*.test.ts', needs: [], needsBuild: false, concurrency: 2 },
  { name: 'contract', files: 'test/contract/**/*.test.ts', needs: [], needsBuild: false, concurrency: 1 },
  { name: 'fuzz', files: 'test/fuzz/**/*.test.ts', needs: [], needsBuild: false, concurrency: 2 },
  {
    name: 'faults',
    files: 'test/faults/**/*.test.ts',
    needs: ['skopeo', 'registry', 'nginx'],
    needsBuild: false,
    // One more than elsewhere: answerTimeouts.test.ts, which begins first, is mostly waiting.
    concurrency: 3,
  },
  { name: 'integration', files: 'test/integration/**/*.test.ts', needs: realThings, needsBuild: true, concurrency: 1 },
  {
    name: 'engines',
    files: 'test/engines/**/*.test.ts',
    needs: ['engine', 'podman', 'rootless', 'debootstrap', 'skopeo', 'registry', 'ssh', 'openssl'],
    needsBuild: true,
    concurrency: 1,
  },
  {
    name: 'e2e',
    files: 'test/e2e/**/*.test.ts',
    needs: [...realThings, 'browser', 'vscodeServer'],
    needsBuild: true,
    concurrency: 1,
  },
  {
    // What needs no engine and no tool of Debian's: it runs in the desktop VS Code of every system.
    name: 'desktop',
    files: 'test/desktop/**/*.test.ts',
    needs: mayHaveDesktop() ? [] : ['browser', 'vscodeServer'],
    needsBuild: true,
    concurrency: 1,
  },
];
