import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

import { makeScratch } from '../../tools/scratch.ts';
import { startService, waitFor } from '../../tools/service.ts';

/** A service that writes its pid, then waits. */
const waiting = ['-e', 'console.log("pid", process.pid); setInterval(() => {}, 1000)'];

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

test('a service is stopped together with the folders it was given', async () => {
  const scratch = await makeScratch('service');
  const folder = join(scratch.path, 'data');
  await mkdir(folder);
  const service = startService(process.execPath, waiting, { logFile: join(scratch.path, 'log'), folders: [folder] });
  const pid = Number(await waitFor('it', service, () => /pid (\d+)/.exec(service.output())?.[1]));
  assert.ok(isAlive(pid));
  await service.stop();
  assert.deepEqual({ alive: isAlive(pid), folder: existsSync(folder) }, { alive: false, folder: false });
  await scratch.remove();
});

test('a service ends, and its folders go, when the process that started it is killed', async () => {
  const scratch = await makeScratch('service');
  const folder = join(scratch.path, 'data');
  await mkdir(folder);
  const logFile = join(scratch.path, 'log');
  const starter = `
    const { startService } = await import(${JSON.stringify(join(import.meta.dirname, '../../tools/service.ts'))});
    startService(process.execPath, ${JSON.stringify(waiting)}, ${JSON.stringify({ logFile, folders: [folder] })});`;
  const parent = spawn(process.execPath, ['--input-type=module', '-e', starter], { stdio: 'ignore' });
  const output = { output: () => '', hasEnded: () => parent.exitCode !== null };
  const pid = Number(
    await waitFor('it', output, async () => {
      const log = existsSync(logFile) ? await readFile(logFile, 'utf8') : '';
      return /pid (\d+)/.exec(log)?.[1];
    }),
  );
  const ended = once(parent, 'exit');
  parent.kill('SIGKILL');
  await ended;
  while (isAlive(pid) || existsSync(folder)) await sleep(50);
  await scratch.remove();
});

test('a program that ends before it is ready is reported with its last output', async () => {
  const scratch = await makeScratch('service');
  const service = startService(process.execPath, ['-e', 'console.error("no port left"); process.exit(3)'], {
    logFile: join(scratch.path, 'log'),
  });
  await assert.rejects(
    waitFor('The thing', service, () => undefined),
    /The thing did not start: it ended before it was ready.*no port left/s,
  );
  await service.stop();
  await scratch.remove();
});
