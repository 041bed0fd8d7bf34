import assert from 'node:assert/strict';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { engineAt, json, startFakeEngine } from './fakeEngine.ts';

const { signal } = new AbortController();
const searchPath = process.env['PATH'];
let folder = '';

before(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'ssh-'));
});

after(async () => {
  process.env['PATH'] = searchPath;
  await rm(folder, { recursive: true });
});

/** A program of the name `ssh`, the only one that is found. */
async function putSsh(script: string): Promise<void> {
  const program = path.join(folder, 'ssh');
  await writeFile(program, `#!/bin/sh\n${script}\n`);
  await chmod(program, 0o755);
  process.env['PATH'] = folder;
}

const bridge = `
  const socket = require('node:net').connect(process.argv[1]);
  process.stdin.pipe(socket).pipe(process.stdout);
`;

test('an engine is reached through the person’s ssh, by one connection for many requests', async () => {
  await using fake = await startFakeEngine({ '/images/json': json(200, []) });
  const log = path.join(folder, 'log');
  await putSsh(`echo "$*" >> ${log}; exec '${process.execPath}' -e '${bridge.replaceAll("'", '"')}' ${fake.socket}`);
  const engine = engineAt('ssh://ada@box:2222/run/user/1000/docker.sock');
  assert.deepEqual(await engine.listImages({ signal }), []);
  assert.deepEqual(await engine.listImages({ signal }), []);
  engine.dispose();
  assert.deepEqual(fake.requests, ['/version', '/v1.41/images/json', '/v1.41/images/json']);
  assert.equal(
    await readFile(log, 'utf8'),
    '-o ConnectTimeout=30 -T -- ssh://ada@box:2222 docker --host unix:///run/user/1000/docker.sock system dial-stdio\n',
  );
});

test('the message of ssh or of the remote docker becomes the error', async () => {
  const failures: [string, number, string][] = [
    ['ada@box: Permission denied (publickey).', 255, 'engineFailed'],
    ['ssh: Could not resolve hostname box: Name or service not known', 255, 'engineEndpointInvalid'],
    ['ssh: connect to host box port 22: Connection refused', 255, 'engineStopped'],
    ['ssh: connect to host box port 22: Connection timed out', 255, 'engineStopped'],
    ['sh: 1: docker: not found', 127, 'engineNotFound'],
    [
      'Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?',
      1,
      'engineStopped',
    ],
    ['permission denied while trying to connect to the Docker daemon socket', 1, 'enginePermission'],
  ];
  for (const [stderr, exitCode, code] of failures) {
    await putSsh(`echo "${stderr}" >&2; exit ${exitCode}`);
    await assert.rejects(engineAt('ssh://box').version({ signal }), (error: Error & { code?: string }) => {
      assert.equal(error.code, code);
      assert.ok(error.message.includes(stderr), error.message);
      return true;
    });
  }
});

test('without ssh on this machine, the message says so', async () => {
  process.env['PATH'] = path.join(folder, 'empty');
  await assert.rejects(engineAt('ssh://box').version({ signal }), {
    code: 'engineEndpointInvalid',
    message: /program “ssh”.*could not be started/,
  });
});

test('ssh that ends during a response means the engine is lost', async () => {
  const head = String.raw`HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"Ver`;
  await putSsh(`printf '${head}'; exit 255`);
  await assert.rejects(engineAt('ssh://box').version({ signal }), { code: 'engineLost' });
});

test('a connection that ssh has closed meanwhile is replaced by a new one', async () => {
  const body = '{"Version":"1","ApiVersion":"1.41"}';
  const log = path.join(folder, 'log-of-closing');
  await putSsh(
    `echo started >> ${log}; printf 'HTTP/1.1 200 OK\\r\\nContent-Length: ${body.length}\\r\\n\\r\\n${body}'; exit 0`,
  );
  const engine = engineAt('ssh://box');
  for (let round = 0; round < 3; round++) assert.equal((await engine.version({ signal })).version, '1');
  assert.equal(await readFile(log, 'utf8'), 'started\n'.repeat(3));
});

test('cancelling ends ssh', async () => {
  const pidFile = path.join(folder, 'pid');
  await putSsh(`echo $$ > ${pidFile}; exec /bin/sleep 600`);
  const stop = new AbortController();
  const asked = engineAt('ssh://box').version({ signal: stop.signal });
  const pid = await waitForPid(pidFile);
  stop.abort();
  await assert.rejects(asked, { code: 'cancelled' });
  while (isRunning(pid)) await new Promise((resolve) => setTimeout(resolve, 10));
});

async function waitForPid(file: string): Promise<number> {
  for (;;) {
    const text = await readFile(file, 'utf8').catch(() => '');
    if (text.endsWith('\n')) return Number(text);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
