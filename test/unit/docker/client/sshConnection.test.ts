import assert from 'node:assert/strict';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { TeaChestError } from '../../../../src/core/base/errors.ts';
import { Engine } from '../../../../src/core/docker/client/engine.ts';
import { parseEndpoint } from '../../../../src/core/docker/endpoint/parseEndpoint.ts';
import { engineAt, startFakeEngine } from './fakeEngine.ts';

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
  await using fake = await startFakeEngine({});
  const log = path.join(folder, 'log');
  await putSsh(`echo "$*" >> ${log}; exec '${process.execPath}' -e '${bridge.replaceAll("'", '"')}' ${fake.socket}`);
  const engine = engineAt('ssh://ada@box:2222/run/user/1000/docker.sock');
  assert.equal((await engine.version({ signal })).version, '20.10.24');
  assert.equal((await engine.version({ signal })).version, '20.10.24');
  engine.dispose();
  assert.deepEqual(fake.requests, ['/version', '/version']);
  assert.equal(
    await readFile(log, 'utf8'),
    '-o ConnectTimeout=30 -o ServerAliveInterval=30 -T -p 2222 -- ada@box docker --host unix:///run/user/1000/docker.sock system dial-stdio\n',
  );
});

test('the message of ssh or of the remote docker becomes the error', async () => {
  const failures: [string, number, string][] = [
    ['ada@box: Permission denied (publickey).', 255, 'engineFailed'],
    ['ssh: Could not resolve hostname box: Name or service not known', 255, 'engineEndpointInvalid'],
    ['ssh: connect to host box port 22: Connection refused', 255, 'engineStopped'],
    ['ssh: connect to host box port 22: Connection timed out', 255, 'engineStopped'],
    ['sh: 1: not found', 127, 'engineNotFound'],
    [
      'Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?',
      1,
      'engineStopped',
    ],
    [
      'failed to open the raw stream connection: dial unix /x.sock: connect: no such file or directory',
      1,
      'engineStopped',
    ],
    ['Error: failed to open connection to podman: unable to connect to Podman socket', 125, 'engineStopped'],
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

test('a sign-in that was refused is marked, because another attempt would be refused as well', async () => {
  const messages = {
    'ada@box: Permission denied (publickey).': true,
    'Received disconnect from 10.0.0.5 port 22:2: Too many authentication failures': true,
    'Host key verification failed.': true,
    'kex_exchange_identification: read: Connection aborted': undefined,
    'ssh: connect to host box port 22: Connection refused': undefined,
  };
  for (const [message, isRefused] of Object.entries(messages)) {
    await putSsh(`echo "${message}" >&2; exit ${message.startsWith('kex') ? 254 : 255}`);
    const error: unknown = await engineAt('ssh://box')
      .version({ signal })
      .catch((failure: unknown) => failure);
    assert.ok(error instanceof TeaChestError);
    assert.equal(error.facts['isRefused'], isRefused, message);
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

test('a host that has podman only is reached through podman, from the first connection on', async () => {
  await using fake = await startFakeEngine({});
  const log = path.join(folder, 'log-of-podman');
  await putSsh(
    `echo "$*" >> ${log}
     case "$*" in *docker*) echo 'sh: 1: docker: not found' >&2; exit 127;; esac
     exec '${process.execPath}' -e '${bridge.replaceAll("'", '"')}' ${fake.socket}`,
  );
  const engine = engineAt('ssh://box/run/podman.sock');
  assert.equal((await engine.version({ signal })).version, '20.10.24');
  engine.retire();
  assert.equal((await engine.version({ signal })).version, '20.10.24');
  engine.dispose();
  const commands = (await readFile(log, 'utf8')).trim().split('\n');
  assert.deepEqual(
    commands.map((line) => line.replace(/^.* -- box /, '')),
    [
      'docker --host unix:///run/podman.sock system dial-stdio',
      'podman --url unix:///run/podman.sock system dial-stdio',
      'podman --url unix:///run/podman.sock system dial-stdio',
    ],
  );
});

test('without docker and podman, or with a podman that is too old, the error says what is missing over there', async () => {
  const missing = 'Error: unrecognized command `podman system dial-stdio`';
  for (const script of ['echo nothing >&2; exit 127', `echo '${missing}' >&2; exit 125`]) {
    await putSsh(script);
    await assert.rejects(engineAt('ssh://box').version({ signal }), {
      code: 'engineNotFound',
      message: /the other machine has neither “docker” nor “podman” with the command “system dial-stdio”/,
    });
  }
  await putSsh(
    'case "$*" in *docker*) exit 127;; esac; echo "Error: unable to connect to Podman socket: no such file" >&2; exit 125',
  );
  await assert.rejects(engineAt('ssh://box').version({ signal }), {
    code: 'engineStopped',
    message: /no usable “docker”, so “podman” was tried.*systemctl --user enable --now podman\.socket/,
  });
});

test('a connection that the server drops before the sign-in is made again, and then given up', async () => {
  await using fake = await startFakeEngine({});
  const log = path.join(folder, 'log-of-drops');
  const drop = 'echo "kex_exchange_identification: read: Connection reset by peer" >&2; exit 255';
  await putSsh(
    `echo x >> ${log}
     if [ "$(wc -l < ${log})" -lt 3 ]; then ${drop}; fi
     exec '${process.execPath}' -e '${bridge.replaceAll("'", '"')}' ${fake.socket}`,
  );
  const engine = engineAt('ssh://box');
  // The commands of the script.
  process.env['PATH'] = `${folder}:/usr/bin:/bin`;
  assert.equal((await engine.version({ signal })).version, '20.10.24');
  engine.dispose();
  assert.deepEqual(fake.requests, ['/version']);

  await putSsh(`echo y >> ${log}; ${drop}`);
  await assert.rejects(engineAt('ssh://box').version({ signal }), { message: /Connection reset by peer/ });
  assert.equal((await readFile(log, 'utf8')).split('y').length - 1, 5);
});

test('the key of a connection of podman is given to ssh', async () => {
  const log = path.join(folder, 'log-of-key');
  await putSsh(`echo "$*" >> ${log}; exit 1`);
  const endpoint = parseEndpoint('ssh://box', {
    source: 'test',
    platform: 'linux',
    tls: undefined,
    identity: '/a key',
  });
  await assert.rejects(new Engine(endpoint).version({ signal }));
  assert.match(await readFile(log, 'utf8'), / -T -i \/a key -- box docker/);
});
