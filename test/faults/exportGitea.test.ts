import { quickFaults } from './faultList.ts';
import { faultMatrix } from './matrix.ts';

faultMatrix({ registry: 'gitea', mode: 'export', faults: quickFaults });
