// npm start [-- --once]: from a bare machine to an image pushed by the extension in a real VS Code, checked by tools that
// are not ours. On a terminal VS Code then stays open until Ctrl-C; with --once, or without a terminal, it ends.
import { createCloser, stopRequested } from '../test/tools/closer.ts';
import { runDemo } from './demo/runDemo.ts';
import { keepOpen } from './demo/keepOpen.ts';

const staysOpen = process.stdin.isTTY && process.stdout.isTTY && !process.argv.includes('--once');
const closer = createCloser();
const stop = stopRequested();

process.exitCode = await Promise.race([demonstrate(), stop.then(() => 130)]);
if (process.exitCode === 130) console.log('\nStopping …');
try {
  await closer.close();
} catch (error) {
  console.error(error);
  process.exitCode = 1;
}
process.exit();

async function demonstrate(): Promise<number> {
  try {
    const demo = await runDemo(closer);
    if (!staysOpen) return 0;
    await keepOpen(demo, closer);
    await stop;
    return 0;
  } catch (error) {
    console.error(error instanceof Error ? `\n${error.message}` : error);
    return 1;
  }
}
