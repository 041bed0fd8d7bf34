import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { findAddresses } from '../../../src/core/credentials/findAddresses.ts';
import { readGitRemotes, remoteServer } from '../../../src/core/credentials/gitRemotes.ts';
import { basic, home, machine } from './fakeMachine.ts';

suite('the server of a git remote', () => {
  const servers: Readonly<Record<string, string | undefined>> = {
    'https://gitea.test/dev/app.git': 'https://gitea.test',
    'https://dev:marked-secret@gitea.test:3000/dev/app': 'https://gitea.test:3000',
    'http://127.0.0.1:3000/gitea/dev/app.git/': 'http://127.0.0.1:3000/gitea',
    'git@gitea.test:dev/app.git': 'https://gitea.test',
    'gitea.test:dev/app.git': 'https://gitea.test',
    'ssh://git@Gitea.test:2222/dev/app.git': 'https://gitea.test',
    'ssh://gitea.test/dev/app.git': 'https://gitea.test',
    'git+ssh://git@[fd00::1]:2222/dev/app': 'https://[fd00::1]',
    '/srv/git/app.git': undefined,
    '../app': undefined,
    'C:\\git\\app': undefined,
    'C:/git/app': undefined,
    'file:///srv/git/app.git': undefined,
    'git://gitea.test/dev/app': undefined,
    '': undefined,
  };
  for (const [remote, server] of Object.entries(servers)) {
    test(`of “${remote.replace('marked-secret', '…')}” is ${server ?? 'none'}`, () => {
      assert.equal(remoteServer(remote), server);
    });
  }
});

test('git remotes are read from the folder, from one above it, and from a worktree', async () => {
  const config = `[core]
\trepositoryformatversion = 0
[remote "origin"]
\turl = git@gitea.test:dev/app.git
\tfetch = +refs/heads/*:refs/remotes/origin/*
[Remote "other"]
    URL = "https://other.test/dev/app"
[submodule "x"]
\turl = https://submodule.test/x/y
[branch "main"]
\tremote = origin
`;
  const remotes = ['git@gitea.test:dev/app.git', 'https://other.test/dev/app'];
  const on = machine({
    files: {
      '/projects/app/.git/config': config,
      '/trees/feature/.git': 'gitdir: /projects/app/.git/worktrees/feature\n',
      '/projects/app/.git/worktrees/feature/commondir': '../..\n',
    },
  });
  assert.deepEqual(await readGitRemotes(on, '/projects/app'), remotes);
  assert.deepEqual(await readGitRemotes(on, '/projects/app/src/deep'), remotes);
  assert.deepEqual(await readGitRemotes(on, '/trees/feature'), remotes);
  assert.deepEqual(await readGitRemotes(on, '/elsewhere'), []);
});

test('addresses come from remotes, logins and images, each once, with where they are from; public ones are left out', async () => {
  const on = machine({
    env: { GITEA_SERVER_URL: 'https://env.test/' },
    files: {
      [`${home}/.docker/config.json`]: JSON.stringify({
        auths: {
          'gitea.test:3000': { auth: basic('dev', 'marked') },
          'https://index.docker.io/v1/': { auth: basic('dev', 'marked') },
          'ghcr.io': { auth: basic('dev', 'marked') },
          '123.dkr.ecr.eu-west-1.amazonaws.com': {},
        },
        credHelpers: { 'helped.test': 'x', 'gcr.io': 'gcloud' },
        credsStore: 'desktop',
      }),
      [`${home}/.config/containers/auth.json`]: JSON.stringify({
        auths: { 'pod.test/team': { auth: basic('a', 'b') } },
      }),
      [`${home}/.config/tea/config.yml`]: 'logins: [{ name: t, url: "http://gitea.test:3000", token: a, user: dev }]',
      [`${home}/.idpbuilder/config`]:
        'registries: { gitea: { username: a, password: b, url: "https://idp.test:8443" } }',
    },
  });
  const found = await findAddresses(on, {
    remotes: ['git@gitea.test:dev/app.git', 'git@github.com:dev/app.git', 'https://dev:marked@sub.test/git/dev/app'],
    images: ['gitea.test:3000/dev/app:1', 'app:1', 'docker.io/library/nginx:1', 'localhost:5000/x:1', '<none>:<none>'],
  });
  assert.deepEqual(
    found.map(({ url, sources }) => `${url} (${sources.join(', ')})`),
    [
      'https://gitea.test (git remote)',
      'https://sub.test/git (git remote)',
      'https://env.test (GITEA_SERVER_URL)',
      'https://idp.test:8443 (idpbuilder)',
      'https://helped.test (Docker (credential helper x))',
      'http://gitea.test:3000 (Docker (credential helper desktop), Docker (config.json), tea (t), name of an image)',
      'https://pod.test (Podman (auth.json))',
      'https://localhost:5000 (name of an image)',
    ],
  );
  assert.doesNotMatch(JSON.stringify(found), /marked/);
});

test('an address with http, which any folder may name, does not win over the https one of a login', async () => {
  const files = { [`${home}/.config/tea/config.yml`]: 'logins: [{ name: t, url: "https://gitea.test", token: a }]' };
  assert.deepEqual(await findAddresses(machine({ files }), { remotes: ['http://gitea.test/a/b'], images: [] }), [
    { url: 'https://gitea.test', sources: ['git remote', 'tea (t)'] },
  ]);
});

test('one address in several spellings is one suggestion, and no program is started for any', async () => {
  const helper = { auths: { 'GITEA.test:443': {}, 'https://xn--bcher-kva.example/v2/': {} }, credsStore: 'desktop' };
  const on = machine({ files: { [`${home}/.docker/config.json`]: JSON.stringify(helper) } });
  const started: string[] = [];
  const runHelper: (typeof on)['runHelper'] = (...asked) => {
    started.push(JSON.stringify(asked[0]));
    return Promise.reject(new Error('No program is started.'));
  };
  const remotes = ['ssh://git@Gitea.TEST:22/a/b', 'https://gitea.test:443/a/b', 'https://bücher.example/a/b'];
  const images = ['gitea.test/a/b:1', 'Gitea.test:443/a/b', 'localhost/app:1', 'localhost:5000/app:1'];
  const found = await findAddresses({ ...on, runHelper }, { remotes, images });
  assert.deepEqual(
    found.map(({ url, sources }) => `${url} (${sources.join(', ')})`),
    [
      'https://gitea.test (git remote, Docker (credential helper desktop), name of an image)',
      'https://xn--bcher-kva.example (git remote, Docker (credential helper desktop))',
      'https://localhost:5000 (name of an image)',
    ],
  );
  assert.deepEqual(started, []);
});

test('git remotes are not read from another machine, to which Windows would sign in', async () => {
  const asked: string[] = [];
  const on = (files: Record<string, string>): ReturnType<typeof machine> => ({
    ...machine({ platform: 'win32' }),
    readFile: (path) => {
      asked.push(path);
      return Promise.resolve(path in files ? Buffer.from(files[path] ?? '') : undefined);
    },
  });
  for (const link of ['\\\\evil.test\\share\\.git', '//evil.test/share/.git', '\\\\?\\UNC\\evil.test\\share']) {
    await readGitRemotes(on({ 'C:\\app\\.git': `gitdir: ${link}\n` }), 'C:\\app');
    await readGitRemotes(on({ 'C:\\app\\.git': 'gitdir: C:\\x\n', 'C:\\x\\commondir': `${link}\n` }), 'C:\\app');
  }
  assert.deepEqual(
    asked.filter((path) => path.includes('evil')),
    [],
  );
  // A folder that is there itself, as those of WSL are.
  const files = {
    '\\\\wsl$\\d\\app\\.git': 'gitdir: ../main/.git\n',
    '\\\\wsl$\\d\\main\\.git\\config': '[remote "o"]\n\turl = git@a.test:b/c\n',
  };
  assert.deepEqual(await readGitRemotes(on(files), '\\\\wsl$\\d\\app'), ['git@a.test:b/c']);
});

test('a local idpbuilder whose settings name no address is suggested at its usual one', async () => {
  const files = { [`${home}/.idpbuilder/config`]: 'registries: { gitea: { username: giteaAdmin, password: a } }' };
  assert.deepEqual(await findAddresses(machine({ files }), { remotes: [], images: [] }), [
    { url: 'https://gitea.cnoe.localtest.me:8443', sources: ['idpbuilder'] },
  ]);
});
