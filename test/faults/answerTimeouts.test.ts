import { before, describe } from 'node:test';
import { runTimersFaster } from './fastTimers.ts';
import { silentFaults } from './faultList.ts';
import { faultMatrix } from './matrix.ts';

const usual = ['token', 'HEAD blob', 'POST mount', 'PATCH', 'HEAD tag'] as const;
/** A PUT that commits an upload may take a quarter of an hour (transport.ts). */
const slow = ['PUT blob', 'PUT manifest'] as const;

/** They wait for timeouts nearly all the time. */
const concurrency = 4;

describe('a registry that is silent', () => {
  before(() => {
    runTimersFaster(150);
  });
  for (const mode of ['export', 'relay'] as const) {
    faultMatrix({
      title: `silence, ${mode}`,
      registry: 'gitea',
      mode,
      faults: silentFaults,
      kinds: usual,
      concurrency,
    });
  }
});

describe('a registry that is silent while it closes an upload', () => {
  before(() => {
    runTimersFaster(600);
  });
  for (const mode of ['export', 'relay', 'relay, whole blobs'] as const) {
    faultMatrix({
      title: `silence at a PUT, ${mode}`,
      registry: 'gitea',
      mode,
      faults: silentFaults,
      kinds: slow,
      concurrency,
    });
  }
});
