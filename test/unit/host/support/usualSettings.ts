import type { PushSettings } from '../../../../src/host/config.ts';

/** How pushes of these tests are done, where a test says nothing else. */
export const usualSettings: PushSettings = {
  compression: 'stored',
  gzipLevel: 1,
  parallelBlobs: 1,
  strategy: 'auto',
  maxConcurrent: 2,
};
