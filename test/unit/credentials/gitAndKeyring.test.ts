import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { findLogins, loginsOf } from '../../../src/core/credentials/findLogins.ts';
import { findCommand } from '../../tools/findCommand.ts';
import { run } from '../../tools/run.ts';
import { makeScratch, type Scratch } from '../../tools/scratch.ts';
import { machine, options, putOnPath, read, shortRun, shown } from './fakeMachine.ts';

const windows = process.platform === 'win32' ? 'the helpers of this test are shell scripts' : false;
const origin = 'https://gitea.test:3000';

/** A real git, with a credential helper of this test. */
suite('git’s login', { skip: findCommand('git') === undefined ? 'git is not installed' : windows }, () => {
  let scratch: Scratch;
  before(async () => (scratch = await makeScratch('git')));
  after(() => scratch.remove());

  async function gitWith(t: { after(work: () => void): void }, settings: string, script: string): Promise<void> {
    const file = join(scratch.path, 'gitconfig');
    await writeFile(file, settings);
    await putOnPath(t, scratch.path, { 'git-credential-test': script });
    for (const [name, value] of Object.entries({ GIT_CONFIG_GLOBAL: file, GIT_CONFIG_SYSTEM: '/dev/null' })) {
      const before = process.env[name];
      process.env[name] = value;
      t.after(() => {
        if (before === undefined) Reflect.deleteProperty(process.env, name);
        else process.env[name] = before;
      });
    }
  }

  const on = machine({ runHelper: shortRun });
  const forHost = `[credential "https://gitea.test:3000"]\n\thelper = test\n`;
  const log = (): string => join(scratch.path, 'asked');
  const answering = (answer: string): string => `echo "$1" >> ${log()}; cat >> ${log()}; printf '${answer}'`;

  test('is offered where git has a helper for that address, and its helper is not asked for that', async (t) => {
    await gitWith(t, forHost, answering('username=dev\\npassword=marked\\n'));
    const offered = async (where: string): Promise<readonly string[]> =>
      shown((await findLogins(on, { origin: where }, options)).logins);
    assert.deepEqual(await offered(origin), ['git | asks git’s credential helper']);
    assert.deepEqual(await offered('https://gitea.test'), []);
    assert.deepEqual(await offered('https://gitea.test:30001'), []);
    await assert.rejects(readFile(log()), { code: 'ENOENT' });
  });

  test('is given once it is chosen: the helper gets scheme, host and port', async (t) => {
    await gitWith(t, forHost, answering('username=dev\\npassword=a=b: c\\n'));
    const [login] = (await findLogins(on, { origin }, options)).logins;
    assert.deepEqual(await read(login, origin), { username: 'dev', secret: 'a=b: c' });
    const asked = (await readFile(log(), 'utf8')).split('\n');
    for (const line of ['get', 'protocol=https', 'host=gitea.test:3000']) assert.ok(asked.includes(line), line);
  });

  test('that is not there, or for another host, is none; nobody is asked', async (t) => {
    await gitWith(t, forHost, 'exit 0');
    const [login] = (await loginsOf(on, 'git', { origin })).logins;
    await assert.rejects(read(login, origin), /^TeaChestError: git has no login for gitea\.test:3000\.$/);
    await gitWith(t, forHost, "printf 'host=evil.test\\nusername=dev\\npassword=marked\\n'");
    await assert.rejects(read(login, origin), /git has no login/);
  });

  test('is not looked for in the repository in which VS Code was started: its settings may name a command', async (t) => {
    await gitWith(t, '', 'exit 0');
    const repository = join(scratch.path, 'untrusted');
    const ran = join(scratch.path, 'ran');
    await run('git', ['init', '--quiet', repository]);
    await run('git', [
      '-C',
      repository,
      'config',
      'credential.helper',
      `!touch ${ran}; echo username=a; echo password=b`,
    ]);
    const before = process.cwd();
    t.after(() => {
      process.chdir(before);
      delete process.env['GIT_DIR'];
    });
    const check = async (): Promise<void> => {
      assert.deepEqual(shown((await findLogins(on, { origin }, options)).logins), []);
      const [login] = (await loginsOf(on, 'git', { origin })).logins;
      await assert.rejects(read(login, origin), /git has no login/);
      await assert.rejects(readFile(ran), { code: 'ENOENT' });
    };
    process.chdir(repository);
    await check();
    process.chdir(before);
    // As in the editor of “git commit”.
    process.env['GIT_DIR'] = join(repository, '.git');
    await check();
  });

  test('of a helper that hangs is given up', async (t) => {
    await gitWith(t, forHost, 'sleep 600');
    const [login] = (await loginsOf(on, 'git', { origin })).logins;
    await assert.rejects(read(login, origin), /git credential fill gave no answer within 5 seconds/);
  });
});

test('git is not started on a Mac without the developer tools, where it would open a dialog', async () => {
  for (const [code, started] of [
    [2, ['xcode-select']],
    [0, ['xcode-select', 'git']],
  ] as const) {
    const commands: string[] = [];
    const on = machine({
      platform: 'darwin',
      runHelper: ({ command }) => {
        commands.push(command);
        return Promise.resolve({ kind: 'ended', code, stdout: 'osxkeychain', stderr: '' });
      },
    });
    const { logins } = await findLogins(on, { origin }, options);
    assert.deepEqual([commands, logins.length], [started, code === 0 ? 1 : 0]);
  }
});

suite('the login in the keyring', { skip: windows }, () => {
  let scratch: Scratch;
  before(async () => (scratch = await makeScratch('keyring')));
  after(() => scratch.remove());
  const local = 'https://gitea.cnoe.localtest.me:8443';

  /** As `secret-tool lookup` answers: the value without a line feed, or exit code 1 and no message. */
  const secretTool = (attribute: string): string => `
    [ "$1" = --version ] && exit 0
    [ "$1 $2 $3 $4" = 'lookup service idpbuilder ${attribute}' ] || exit 1
    case "$5" in gitea_username) printf giteaAdmin;; gitea_password) printf 'pass word';; *) exit 1;; esac`;

  test('is read by secret-tool, whichever attribute its account has', async (t) => {
    const on = machine({ runHelper: shortRun });
    for (const attribute of ['username', 'account']) {
      await putOnPath(t, scratch.path, { 'secret-tool': secretTool(attribute) });
      const [login] = (await loginsOf(on, 'keyring', { origin: local })).logins;
      assert.deepEqual(await read(login, local), { username: 'giteaAdmin', secret: 'pass word' });
    }
  });

  test('is read by security on macOS, where it is offered only if it is there', async (t) => {
    const security = `
      [ "$1 $2 $3 $4" = 'find-generic-password -s idpbuilder -a' ] || exit 2
      [ "$6" = -w ] || { [ "$5" = gitea_password ] && exit 0 || exit 44; }
      case "$5" in gitea_username) echo giteaAdmin;; gitea_password) echo 'pass word';; esac`;
    await putOnPath(t, scratch.path, { security });
    const on = machine({ platform: 'darwin', runHelper: shortRun });
    const { logins } = await findLogins(on, { origin: local }, options);
    assert.deepEqual(await read(logins[0], local), { username: 'giteaAdmin', secret: 'pass word' });
    const missing = "echo 'security: The specified item could not be found in the keychain.' >&2; exit 44";
    await putOnPath(t, scratch.path, { security: missing });
    assert.deepEqual((await findLogins(on, { origin: local }, options)).logins, []);
    const [login] = (await loginsOf(on, 'keyring', { origin: local })).logins;
    await assert.rejects(read(login, local), /keyring has no gitea_username of the service “idpbuilder”/);
  });

  test('is offered for registries of this machine alone, and only where it can be read', async (t) => {
    const on = machine({ runHelper: shortRun });
    const offered = async (origin: string): Promise<number> =>
      (await findLogins(on, { origin }, options)).logins.filter(({ source }) => source === 'keyring').length;
    await putOnPath(t, scratch.path, { 'secret-tool': secretTool('username') });
    assert.deepEqual([await offered(local), await offered('https://gitea.example.com')], [1, 0]);
    const named = async (origin: string): Promise<number> => (await loginsOf(on, 'keyring', { origin })).logins.length;
    assert.deepEqual([await named(local), await named('https://gitea.example.com')], [1, 0]);
  });

  test('may take a minute in all: the person may have to unlock it, and can leave', async (t) => {
    t.mock.timers.enable({ apis: ['Date'] });
    const limits: (number | undefined)[] = [];
    let answer: 'nothing' | 'tooSlow' = 'nothing';
    const on = machine({
      runHelper: (_command, { limitMs, signal }) => {
        signal.throwIfAborted();
        limits.push(limitMs);
        t.mock.timers.tick(25_000);
        return Promise.resolve(
          answer === 'tooSlow' ? { kind: 'tooSlow' } : { kind: 'ended', code: 0, stdout: 'x', stderr: '' },
        );
      },
    });
    const [login] = (await loginsOf(on, 'keyring', { origin: local })).logins;
    assert.ok(login !== undefined);
    await read(login, local);
    assert.deepEqual(limits, [60_000, 35_000], 'one limit for both entries');
    answer = 'tooSlow';
    await assert.rejects(read(login, local), /secret-tool gave no answer within 60 seconds and was stopped/);
    const leaving = new AbortController();
    leaving.abort();
    await assert.rejects(login.read({ origin: local }, { signal: leaving.signal }), { name: 'AbortError' });
  });

  test('is not asked again when the minute is over', async (t) => {
    t.mock.timers.enable({ apis: ['Date'] });
    let runs = 0;
    const on = machine({
      runHelper: () => {
        runs++;
        t.mock.timers.tick(60_000);
        return Promise.resolve({ kind: 'ended', code: 1, stdout: '', stderr: '' });
      },
    });
    const [login] = (await loginsOf(on, 'keyring', { origin: local })).logins;
    await assert.rejects(read(login, local), /within 60 seconds/);
    assert.equal(runs, 1);
  });

  test('cannot be read without the program, with its error, or on Windows: each says so', async (t) => {
    const [login] = (await loginsOf(machine(), 'keyring', { origin: local })).logins;
    await assert.rejects(read(login, local), /secret-tool, .* not found on the PATH.*libsecret/);
    await putOnPath(t, scratch.path, {
      'secret-tool': "echo 'Cannot autolaunch D-Bus without X11 $DISPLAY' >&2; exit 1",
    });
    const [broken] = (await loginsOf(machine({ runHelper: shortRun }), 'keyring', { origin: local })).logins;
    await assert.rejects(read(broken, local), /secret-tool failed: Cannot autolaunch D-Bus/);
    const [windows] = (await loginsOf(machine({ platform: 'win32' }), 'keyring', { origin: local })).logins;
    await assert.rejects(read(windows, local), /Windows has no command/);
  });
});
