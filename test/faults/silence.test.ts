import { before, describe } from 'node:test';
import { runTimersFaster } from './fastTimers.ts';
import { silentFaults } from './faultList.ts';
import { faultMatrix } from './matrix.ts';

const usual = ['token', 'HEAD blob', 'POST mount', 'PATCH', 'HEAD tag'] as const;
/** A PUT that closes an upload may be silent for a quarter of an hour. */
const patient = ['PUT blob', 'PUT manifest'] as const;
const limitMs = 60_000;

describe('a registry that is silent', () => {
  before(() => {
    runTimersFaster(150);
  });
  for (const way of ['export', 'relay'] as const) {
    faultMatrix({ title: `silence, ${way}`, registry: 'gitea', way, faults: silentFaults, kinds: usual, limitMs });
  }
});

describe('a registry that is silent while it closes an upload', () => {
  before(() => {
    runTimersFaster(600);
  });
  for (const way of ['export', 'relay', 'relay, whole blobs'] as const) {
    faultMatrix({
      title: `silence at a PUT, ${way}`,
      registry: 'gitea',
      way,
      faults: silentFaults,
      kinds: patient,
      limitMs,
    });
  }
});
