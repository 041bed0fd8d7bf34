import { quickFaults } from './faultList.ts';
import { faultMatrix } from './matrix.ts';

faultMatrix({ registry: 'distribution', mode: 'relay', faults: quickFaults });
