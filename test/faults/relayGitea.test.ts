import { quickFaults } from './faultList.ts';
import { faultMatrix } from './matrix.ts';

faultMatrix({ registry: 'gitea', way: 'relay', faults: quickFaults, limitMs: 15_000 });
faultMatrix({
  registry: 'gitea',
  way: 'relay, whole blobs',
  faults: quickFaults,
  kinds: ['PUT blob'],
  limitMs: 15_000,
});
