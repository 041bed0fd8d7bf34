import { quickFaults } from './faultList.ts';
import { faultMatrix } from './matrix.ts';

faultMatrix({ registry: 'gitea', mode: 'relay', faults: quickFaults });
faultMatrix({
  registry: 'gitea',
  mode: 'relay, whole blobs',
  faults: quickFaults,
  kinds: ['PUT blob'],
});
