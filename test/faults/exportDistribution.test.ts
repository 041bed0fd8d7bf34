import { quickFaults } from './faultList.ts';
import { faultMatrix } from './matrix.ts';

faultMatrix({ registry: 'distribution', way: 'export', faults: quickFaults, limitMs: 15_000 });
