import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { findLogins } from '../../../src/core/credentials/findLogins.ts';
import { runHelper } from '../../../src/core/credentials/helperProcess.ts';
import type { FoundLogin } from '../../../src/core/credentials/login.ts';
import { findCommand } from '../../tools/findCommand.ts';
import { run } from '../../tools/run.ts';
import { makeScratch, type Scratch } from '../../tools/scratch.ts';
import { home, machine, options, putOnPath, read, shortRun } from './fakeMachine.ts';

const windows = process.platform === 'win32' ? 'the helpers of this test are shell scripts' : false;
const terminal =
  process.platform === 'linux' && findCommand('script') !== undefined ? false : 'it needs `script` of util-linux';
const origin = 'https://h:3000';

/** Real programs on the PATH, which answer by the protocol of docker-credential-helpers, or do not. */
suite('a credential helper', { skip: windows, timeout: 60_000 }, () => {
  let scratch: Scratch;
  before(async () => (scratch = await makeScratch('helpers')));
  after(() => scratch.remove());

  async function helper(
    t: { after(work: () => void): void },
    script: string,
    auths: Record<string, unknown> = { 'h:3000': {} },
  ): Promise<FoundLogin | undefined> {
    await putOnPath(t, scratch.path, { 'docker-credential-test': script });
    const files = { [`${home}/.docker/config.json`]: JSON.stringify({ auths, credsStore: 'test' }) };
    return (await findLogins(machine({ files, runHelper: shortRun }), { origin }, options)).logins[0];
  }

  const log = (): string => join(scratch.path, 'log');
  const answer = '{"ServerURL":"x","Username":"dev","Secret":"marked-secret"}';

  test('gets “get” as its argument and the name of the server on its input, and nothing else', async (t) => {
    const login = await helper(t, `printf '%s|%s|' "$#" "$1" > ${log()}; cat >> ${log()}; echo '${answer}'`);
    assert.deepEqual(await read(login, origin), { username: 'dev', secret: 'marked-secret' });
    assert.equal(await readFile(log(), 'utf8'), '1|get|h:3000');
  });

  test('is asked by the key of the file, then by the bare host', async (t) => {
    const script = `read name; echo "$name" >> ${log()}2
      if [ "$name" = h:3000 ]; then echo '${answer}'; else echo 'credentials not found in native keychain'; exit 1; fi`;
    const login = await helper(t, script, { 'https://h:3000/v1/': {} });
    assert.equal((await read(login, origin)).username, 'dev');
    assert.equal(await readFile(`${log()}2`, 'utf8'), 'https://h:3000/v1/\nh:3000\n');
  });

  test('that has no login for it says so', async (t) => {
    const login = await helper(t, "echo 'credentials not found in native keychain'; exit 1");
    await assert.rejects(read(login, origin), /^TeaChestError: docker-credential-test has no login for h:3000\.$/);
  });

  test('that fails is quoted, on either of its outputs', async (t) => {
    const login = await helper(t, "echo 'error: pass not initialized: exit status 1'; exit 1");
    await assert.rejects(read(login, origin), /docker-credential-test failed: error: pass not initialized/);
    const other = await helper(t, "echo 'gpg: decryption failed: No secret key' >&2; exit 2");
    await assert.rejects(read(other, origin), /failed: gpg: decryption failed: No secret key$/);
  });

  test('that fails and writes a secret alone is not quoted, on either of its outputs', async (t) => {
    const secrets = [
      'marked-short',
      `marked${'0123456789abcdef'.repeat(2)}`,
      'Bearer marked',
      'x marked-long-secret-0123',
    ];
    const scripts = [
      ...secrets.map((secret) => `echo '${secret}'; exit 1`),
      ...secrets.map((secret) => `echo '${secret}' >&2; exit 1`),
      `echo 'token: marked' >&2; exit 1`,
      `echo 'error: cannot use marked-long-secret-0123'; exit 1`,
    ];
    for (const script of scripts) {
      await assert.rejects(read(await helper(t, script), origin), (error: Error) => {
        assert.match(error.message, /without a message that can be shown|failed: x …/);
        assert.doesNotMatch(`${error.stack ?? ''}${JSON.stringify(error)}${String(error.cause)}`, /marked/);
        return true;
      });
    }
  });

  test('that fails for a reason of D-Bus, gpg or the keychain is quoted', async (t) => {
    for (const said of [
      'The name org.freedesktop.secrets was not provided by any .service files',
      'Cannot autolaunch D-Bus without X11 $DISPLAY',
      'exit status 2: gpg: decryption failed: No secret key',
      'pass not initialized: exit status 1: Error: password store is empty. Try "pass init".',
      'User interaction is not allowed.',
    ]) {
      const login = await helper(t, `echo '${said}'; exit 1`);
      await assert.rejects(read(login, origin), { message: `docker-credential-test failed: ${said}` });
    }
  });

  test('that fails is quoted from its answers’ output by known errors alone, from the other without long words', async (t) => {
    for (const [script, shown] of [
      ["echo ada; echo hunter2; echo locked; echo 'pass not initialized'; exit 1", ': pass not initialized'],
      ["echo 'hunter2 denied'; exit 1", ', without a message that can be shown.'],
      ["echo 'error: hunter2 User interaction is not allowed.'; exit 1", ', without a message that can be shown.'],
      ["echo 'no /home/ada/.password-store/docker: no such file' >&2; exit 1", ': no … no such file'],
    ] as const) {
      await assert.rejects(read(await helper(t, script), origin), { message: `docker-credential-test failed${shown}` });
    }
  });

  test('that fails after it wrote a login is not quoted, nor is one that writes something else', async (t) => {
    for (const script of [
      `echo '${answer}'; exit 1`,
      `echo '${answer}' >&2; exit 1`,
      `echo 'marked-secret, but no JSON'`,
      `echo '{"Username": "dev", "Secrets": "marked-secret"}'`,
    ]) {
      await assert.rejects(read(await helper(t, script), origin), (error: Error) => {
        assert.match(error.message, /without a message that can be shown|did not answer as a credential helper/);
        assert.doesNotMatch(`${error.stack ?? ''}${JSON.stringify(error)}${String(error.cause)}`, /marked/);
        return true;
      });
    }
  });

  test('that gives an identity token, by either sign, is of no use', async (t) => {
    for (const username of ['<token>', '']) {
      const login = await helper(t, `echo '{"Username":"${username}","Secret":"marked-secret"}'`);
      await assert.rejects(read(login, origin), /has an identity token for h:3000.* no use/);
    }
  });

  test('that hangs is stopped with its children, and says what it may have waited for', async (t) => {
    const pids = join(scratch.path, 'pids');
    const login = await helper(t, `sleep 600 & echo $! $$ > ${pids}; wait`);
    await assert.rejects(read(login, origin), /gave no answer within 5 seconds and was stopped/);
    for (const pid of (await readFile(pids, 'utf8')).trim().split(' ')) await ended(Number(pid));
  });

  test('is stopped as soon as the person leaves', async (t) => {
    const pids = join(scratch.path, 'pids2');
    await putOnPath(t, scratch.path, { 'docker-credential-test': `echo $$ > ${pids}; exec sleep 600` });
    const leaving = new AbortController();
    const command = { command: 'docker-credential-test', args: ['get'], input: 'h' };
    const running = runHelper(command, { signal: leaving.signal, limitMs: 600_000 });
    const pid = await firstLine(pids);
    leaving.abort();
    await assert.rejects(running, { name: 'AbortError' });
    await ended(Number(pid));
  });

  test('that leaves a daemon behind is answered all the same', async (t) => {
    const pids = join(scratch.path, 'pids3');
    const login = await helper(t, `sleep 600 & echo $! > ${pids}; echo '${answer}'`);
    assert.equal((await read(login, origin)).secret, 'marked-secret');
    process.kill(Number(await firstLine(pids)));
  });

  test('has no terminal to ask on, though the extension host has one', { skip: terminal }, async (t) => {
    const script =
      "if (echo question > /dev/tty) 2>/dev/null; then echo asked; sleep 600; else echo 'no terminal'; exit 1; fi";
    await putOnPath(t, scratch.path, { 'docker-credential-test': script });
    const module = new URL('../../../src/core/credentials/helperProcess.ts', import.meta.url).href;
    const program = `
      const { openSync } = await import('node:fs');
      openSync('/dev/tty', 'w');
      const { runHelper } = await import(${JSON.stringify(module)});
      const command = { command: 'docker-credential-test', args: ['get'], input: 'h' };
      const result = await runHelper(command, { signal: new AbortController().signal });
      console.log('RESULT ' + JSON.stringify(result));`;
    const file = join(scratch.path, 'program.mjs');
    const { writeFile } = await import('node:fs/promises');
    await writeFile(file, program);
    const { stdout } = await run('script', ['-qec', `${process.execPath} ${file}`, '/dev/null']);
    assert.match(stdout, /RESULT .*"code":1,"stdout":"no terminal/);
  });

  test('that asks by a program of git, ssh or gpg finds none', async (t) => {
    process.env['GPG_TTY'] = '/dev/pts/7';
    process.env['GIT_ASKPASS'] = '/bin/ask';
    t.after(() => {
      delete process.env['GPG_TTY'];
      delete process.env['GIT_ASKPASS'];
    });
    const login = await helper(t, 'echo "error: [$GPG_TTY$GIT_ASKPASS] $GIT_TERMINAL_PROMPT" >&2; exit 1');
    await assert.rejects(read(login, origin), /failed: error: \[\] 0$/);
  });

  test('that is not there is named, and a name that is a path is never run', async () => {
    const on = (credsStore: string): ReturnType<typeof machine> =>
      machine({ files: { [`${home}/.docker/config.json`]: JSON.stringify({ credsStore }) }, runHelper: shortRun });
    const first = async (store: string): Promise<FoundLogin | undefined> =>
      (await findLogins(on(store), { origin }, options)).logins[0];
    await assert.rejects(
      read(await first('nowhere'), origin),
      /docker-credential-nowhere, .* was not found on the PATH/,
    );
    await assert.rejects(read(await first('x/../../evil'), origin), /cannot be the name of a credential helper/);
  });
});

/** Waits until there is no such process. One that was killed may still wait for its parent to look. */
async function ended(pid: number): Promise<void> {
  for (;;) {
    try {
      process.kill(pid, 0);
    } catch {
      return;
    }
    const state = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
    if (state.includes(') Z ')) return;
    await sleep(10);
  }
}

async function firstLine(path: string): Promise<string> {
  for (;;) {
    const text = await readFile(path, 'utf8').catch(() => '');
    if (text.endsWith('\n')) return text.trim();
    await sleep(10);
  }
}
