// Runs a program and ends it when our own standard input closes. That happens when the test that started us asks for it,
// and also when that test dies, even of SIGKILL: no dockerd outlives its test. Then removes the folders that are given.
//
//   node processSupervisor.ts '["/tmp/folder"]' dockerd --data-root …
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';

const [foldersJson = '[]', command = '', ...args] = process.argv.slice(2);
const folders = JSON.parse(foldersJson) as string[];
const ownGroup = process.platform !== 'win32';

const child = spawn(command, args, { stdio: ['ignore', 'inherit', 'inherit'], detached: ownGroup });
child.once('error', (error) => {
  console.error(String(error));
  process.exit(127);
});
const exited = once(child, 'exit');
let isAsked = false;

void exited.then(() => {
  // It ended by itself: what it stored stays for a look at it, until we are asked to clean up.
  if (!isAsked) process.exit(child.exitCode ?? 1);
});
process.stdin.resume();
process.stdin.once('close', () => void cleanUp());
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => void cleanUp());

async function cleanUp(): Promise<void> {
  if (isAsked) return;
  isAsked = true;
  child.kill('SIGTERM');
  const insist = setTimeout(killAll, 10_000);
  await exited;
  clearTimeout(insist);
  killAll();
  unmountBelow(folders);
  // What has just ended may still be writing: try again for a while.
  await Promise.all(
    folders.map((folder) => rm(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 })),
  );
  process.exit(0);
}

/** Ends the program and what it left behind in its own process group. */
function killAll(): void {
  try {
    process.kill(ownGroup ? -(child.pid ?? 0) : (child.pid ?? 0), 'SIGKILL');
  } catch {
    // Nothing is left.
  }
}

/** A dockerd that ends in the middle of a build leaves the layer mounted that it was building. */
function unmountBelow(roots: readonly string[]): void {
  if (process.platform !== 'linux') return;
  const points = readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .map((line) => (line.split(' ')[4] ?? '').replaceAll('\\040', ' '))
    .filter((point) => roots.some((root) => point === root || point.startsWith(`${root}/`)));
  for (const point of points.reverse()) spawnSync('umount', ['--lazy', point]);
}
