import { quickFaults } from './faultList.ts';
import { faultMatrix } from './matrix.ts';

faultMatrix({ registry: 'gitea', way: 'export', faults: quickFaults, limitMs: 15_000 });
