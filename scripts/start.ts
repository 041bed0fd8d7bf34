// npm start [-- --once]: from a bare machine to an image pushed by the extension in a real VS Code, checked by tools that
// are not ours. On a terminal VS Code then stays open until Ctrl-C; with --once, or without a terminal, it ends.
import { createCloser, stopRequested } from '../test/tools/closer.ts';
import { say } from '../test/tools/step.ts';
import { keepOpen } from './demo/keepOpen.ts';
import { runDemo } from './demo/runDemo.ts';

const staysOpen = process.stdin.isTTY && process.stdout.isTTY && !process.argv.includes('--once');
const closer = createCloser();
const stop = stopRequested();

let isDone = false;
let isStopping = false;
void stop.then(() => {
  isStopping = true;
});
process.exitCode = await Promise.race([demonstrate(), stop.then(() => (isDone ? 0 : 130))]);
if (process.exitCode === 130) say('\nStopping …');
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
    // From here on Ctrl-C is the ordinary end, and not an error to npm.
    isDone = true;
  } catch (error) {
    // Running tasks fail while everything is stopped: that needs no report.
    if (isStopping) return 130;
    console.error(error instanceof Error ? `\n${error.message}` : error);
    return 1;
  }
  await stop;
  return 0;
}
