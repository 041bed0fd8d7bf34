// npm run soak -- --pushes 200 [--at-once 8] [--seed 1]: many pushes at the same time with random faults; says what is left
// of memory, handles, files and sessions afterwards, and whether every image is right.
import { parseArgs } from 'node:util';
import { provision } from '../test/tools/provision.ts';
import { soak } from '../test/soak/soak.ts';

const { values } = parseArgs({
  options: {
    pushes: { type: 'string', default: '200' },
    'at-once': { type: 'string', default: '8' },
    seed: { type: 'string' },
  },
});
const number = (text: string | undefined, usual: number): number => (text === undefined ? usual : Number(text));

await provision(['skopeo']);
const summary = await soak({
  pushes: number(values.pushes, 200),
  atOnce: number(values['at-once'], 8),
  seed: number(values.seed, Math.floor(Math.random() * 2 ** 31)),
  say: (line) => {
    console.log(line);
  },
});
process.exitCode = summary.problems.length === 0 ? 0 : 1;
