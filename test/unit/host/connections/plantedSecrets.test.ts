import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { suite, test } from 'node:test';
import type { Logger } from '../../../../src/core/base/logger.ts';
import { loginSources, type LoginSource } from '../../../../src/core/credentials/login.ts';
import { startFakeGitea } from '../../../fakeGitea/fakeGitea.ts';
import { findCommand } from '../../../tools/findCommand.ts';
import { makeScratch } from '../../../tools/scratch.ts';
import { basic, putOnPath } from '../../credentials/fakeMachine.ts';
import { inputAsking, takeShown, useFakeVscode } from '../support/fakeVscode.ts';
import { buildHost } from '../support/hostFakes.ts';

useFakeVscode();
const { askSignIn } = await import('../../../../src/host/connections/askSignIn.ts');
const { signInCommand } = await import('../../../../src/host/commands/signIn.ts');
const { machineLogins } = await import('../../../../src/host/connections/loginSources.ts');
const { ConnectionStore } = await import('../../../../src/host/connections/connectionStore.ts');
const { SessionSecrets } = await import('../../../../src/host/connections/sessionSecrets.ts');
const { SignInRecords } = await import('../../../../src/host/connections/signInRecords.ts');
const { FileState } = await import('../../../../src/host/state/fileState.ts');
const { createLogger } = await import('../../../../src/host/log.ts');
const { emitter, memento, noClusters, secretStorage } = await import('../support/hostFakes.ts');

const skip =
  process.platform !== 'linux'
    ? 'it plants programs of Linux'
    : findCommand('git') === undefined
      ? 'git is not installed'
      : false;

/** The secret that is planted in one source; 40 digits, so that it may be a token. */
function mark(source: LoginSource): string {
  return `feed${Buffer.from(source).toString('hex').padEnd(36, '0')}`.slice(0, 40);
}

/** Every form in which it could be found somewhere. */
function formsOf(source: LoginSource): readonly string[] {
  const secret = mark(source);
  return [
    secret,
    Buffer.from(secret).toString('base64').slice(2, 40),
    basic('dev', secret),
    encodeURIComponent(secret),
  ];
}

/** All sources of this machine, with real files and real programs, in a home of their own. */
suite('a secret of another program', { skip, timeout: 120_000 }, () => {
  test('is in no log, setting, state, file, message, error or argument of a process, whatever becomes of it', async (t) => {
    const scratch = await makeScratch('planted');
    t.after(() => scratch.remove());
    const gitea = await startFakeGitea();
    t.after(() => gitea.close());
    const home = join(scratch.path, 'home');
    const processes = join(scratch.path, 'processes');
    const { host, url } = gitea;
    const watch = `ps -eo args >> ${processes}; cat /proc/$PPID/cmdline >> ${processes}`;
    await putOnPath(t, scratch.path, {
      'docker-credential-planted': `${watch}; cat > /dev/null; echo '{"Username":"dev","Secret":"${mark('docker')}"}'`,
      'git-credential-planted': `${watch}; cat > /dev/null; printf 'username=dev\\npassword=${mark('git')}\\n'`,
      'secret-tool': `${watch}; [ "$5" = gitea_username ] && printf dev; [ "$5" = gitea_password ] && printf ${mark('keyring')}; exit 0`,
    });
    const files = {
      '.idpbuilder/config': JSON.stringify({
        registries: { gitea: { url, username: 'dev', password: mark('idpbuilder') } },
      }),
      '.docker/config.json': JSON.stringify({ auths: { [host]: {} }, credsStore: 'planted' }),
      '.config/containers/auth.json': JSON.stringify({ auths: { [host]: { auth: basic('dev', mark('podman')) } } }),
      '.config/tea/config.yml': `logins:\n  - { name: mine, url: "${url}", token: ${mark('tea')}, user: dev }\n`,
      gitconfig: `[credential "${url}"]\n\thelper = planted\n`,
    };
    for (const [name, text] of Object.entries(files)) {
      await mkdir(join(home, name, '..'), { recursive: true });
      await writeFile(join(home, name), text);
    }
    plantEnvironment(t, {
      HOME: home,
      GIT_CONFIG_GLOBAL: join(home, 'gitconfig'),
      GITEA_SERVER_URL: url,
      GITEA_USERNAME: 'dev',
      GITEA_PASSWORD: mark('environment'),
      ...Object.fromEntries(
        ['DOCKER_CONFIG', 'REGISTRY_AUTH_FILE', 'XDG_RUNTIME_DIR', 'XDG_CONFIG_HOME', 'GITEA_TOKEN'].map((name) => [
          name,
          undefined,
        ]),
      ),
    });

    const lines: string[] = [];
    const keep = (line: string): void => void lines.push(line);
    const channel = { trace: keep, debug: keep, info: keep, warn: keep, error: keep };
    const logger: Logger = createLogger(channel as unknown as Parameters<typeof createLogger>[0]);
    const state = memento();
    const secrets = secretStorage();
    const records = new SignInRecords(new FileState(join(scratch.path, 'state')));
    const store = new ConnectionStore(state, new SessionSecrets(secrets, () => undefined), emitter(), records);
    const { access } = buildHost(t);
    const logins = machineLogins({ remotes: () => Promise.resolve([]), images: () => [] }, logger);
    const dependencies = { auth: access.auth, store, logins, clusters: noClusters, logger };
    const errors: unknown[] = [];
    takeShown();

    const tryAll = async (): Promise<readonly LoginSource[]> => {
      const accepted: LoginSource[] = [];
      for (const source of loginSources) {
        try {
          await signInCommand(dependencies, { url, source, allowHttp: true, sessionOnly: true });
          accepted.push(source);
        } catch (error) {
          errors.push(error);
        }
      }
      return accepted;
    };

    // First the registry has none of them: each is refused, also in the dialog.
    assert.deepEqual(await tryAll(), []);
    const left = askSignIn(dependencies, { url, trust: { allowHttp: true } });
    (await inputAsking(/Address/)).enter();
    const list = await inputAsking(/How do you want/);
    const rows = list.items.filter(({ label }) => label.includes('Use'));
    assert.equal(rows.length, loginSources.length, rows.map(({ label }) => label).join('\n'));
    for (const row of rows) {
      list.take(row);
      while (!list.enabled) await new Promise(setImmediate);
      assert.match(list.items[0]?.label ?? '', /did not work/);
      list.record();
    }
    list.leave();
    assert.equal(await left, undefined);
    assert.equal(errors.length, loginSources.length);

    // Then it has the passwords and tokens, and each is accepted.
    const user = gitea.directory.user('dev');
    for (const source of loginSources) {
      gitea.directory.addToken(user, source, ['write:package'], mark(source));
    }
    assert.deepEqual(await tryAll(), loginSources);

    const seen = {
      log: lines.join('\n'),
      'global state': JSON.stringify(state.keys().map((key) => state.get<unknown>(key))),
      'secret storage': JSON.stringify(await Promise.all((await secrets.keys()).map((key) => secrets.get(key)))),
      'what was shown': JSON.stringify(takeShown()),
      errors: errors.map((error) => inspect(error, { depth: 10, showHidden: true })).join('\n'),
      'arguments of processes': await readFile(processes, 'latin1'),
      'own files': await allText(join(scratch.path, 'state')),
    };
    assert.ok(
      lines.length > loginSources.length && seen['arguments of processes'].includes('docker-credential-planted'),
    );
    for (const [record, text] of Object.entries(seen)) {
      for (const source of loginSources) {
        for (const form of formsOf(source)) assert.ok(!text.includes(form), `the secret of ${source} is in: ${record}`);
      }
    }
    store.dispose();
  });
});

function plantEnvironment(
  t: { after(work: () => void): void },
  values: Readonly<Record<string, string | undefined>>,
): void {
  for (const [name, value] of Object.entries(values)) {
    const before = process.env[name];
    if (value === undefined) Reflect.deleteProperty(process.env, name);
    else process.env[name] = value;
    t.after(() => {
      if (before === undefined) Reflect.deleteProperty(process.env, name);
      else process.env[name] = before;
    });
  }
}

async function allText(folder: string): Promise<string> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  const files = entries.filter((entry) => entry.isFile());
  return (await Promise.all(files.map((file) => readFile(join(file.parentPath, file.name), 'latin1')))).join('\n');
}
