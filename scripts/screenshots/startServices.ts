import { randomBytes } from 'node:crypto';
import { pack } from 'tar-stream';

import type { Seed } from '../../test/fakeGitea/model/seed.ts';
import { startFakeGitea, type FakeGitea } from '../../test/fakeGitea/fakeGitea.ts';
import type { Closer } from '../../test/tools/closer.ts';
import { startPrivateEngine, type Engine } from '../../test/tools/engine.ts';
import { canNameHosts } from '../../test/tools/hostNames.ts';
import { startLink, type Link } from './startLink.ts';

/** The Gitea of the pictures. VS Code's extension host alone resolves its name; see `withHosts`. */
export const giteaHost = 'gitea.example.com';
const address = '127.0.0.3';
export const hosts = { [giteaHost]: address };

export const dev = { username: 'dev', secret: 'dev pässword: with everything' };

const seed: Seed = {
  users: [
    { name: 'giteaAdmin', password: 'adm:n@100% sure', admin: true },
    { name: dev.username, password: dev.secret, visibility: 'private' },
  ],
  organizations: [
    { name: 'shop', visibility: 'private', teams: [{ name: 'developers', permission: 'write', members: ['dev'] }] },
    { name: 'opensource', teams: [{ name: 'developers', permission: 'write', members: ['dev'] }] },
    { name: 'archive', visibility: 'limited', teams: [{ name: 'readers', permission: 'read', members: ['dev'] }] },
  ],
};

export interface Services {
  readonly engine: Engine;
  readonly gitea: FakeGitea;
  /** Between VS Code and the Gitea. */
  readonly link: Link;
}

/** An engine with images, and a Gitea at https://gitea.example.com with a self-signed certificate. */
export async function startServices(closer: Closer): Promise<Services> {
  if (!canNameHosts()) throw new Error('The pictures need Linux and root: VS Code is given a host name of its own.');
  const [engine, gitea] = await Promise.all([startPrivateEngine(), startFakeGitea({ tls: 'valid', seed })]);
  closer.add(() => engine.stop());
  closer.add(() => gitea.close());
  const link = await startLink({ to: gitea.host, address, port: 443 });
  closer.add(() => link.close());
  await buildImages(engine);
  return { engine, gitea, link };
}

type Step = readonly [instruction: string, megabytes?: number];

const base: readonly Step[] = [
  ['COPY usr /usr', 22],
  ['COPY opt/node /opt/node', 11],
];
const apiSteps: readonly Step[] = [
  ...base,
  ['WORKDIR /srv/api'],
  ['COPY node_modules ./node_modules', 14],
  ['COPY dist ./dist', 2.4],
];

async function buildImages(engine: Engine): Promise<void> {
  await build(engine, ['api:1.4.0', 'api:latest'], apiSteps);
  await build(engine, ['web:2.1'], [...base, ['COPY public /srv/www', 6]]);
  await build(engine, ['worker:0.9', 'worker:0.8'], [...base, ['COPY worker /srv/worker', 4]]);
  await build(engine, ['migrate:7'], [['COPY migrate /migrate', 3]]);
  // Nothing of it is in the registry: its push takes long enough for pictures.
  await build(
    engine,
    ['report:3'],
    [
      ['COPY runtime /opt/runtime', 24],
      ['COPY fonts /usr/share/fonts', 9],
      ['COPY templates /srv/templates', 1.2],
    ],
  );
}

/** Builds `api:1.4.0` again with a new last layer, as a person does after a change. */
export async function rebuildApi(engine: Engine): Promise<void> {
  await build(engine, ['api:1.4.0'], [...apiSteps.slice(0, -1), ['COPY dist ./dist', 2.6]]);
}

/** A folder that is copied twice has the same bytes: those layers are the same. */
const contents = new Map<string, Buffer>();

async function build(engine: Engine, tags: readonly string[], steps: readonly Step[]): Promise<void> {
  const context = pack();
  const lines = ['FROM scratch', ...steps.map(([instruction]) => instruction), 'CMD ["/opt/node/bin/node", "."]'];
  const building = engine.docker(['build', ...tags.flatMap((tag) => ['--tag', tag]), '-'], { input: context });
  context.entry({ name: 'Dockerfile', mtime: new Date(0) }, `${lines.join('\n')}\n`);
  for (const [instruction, megabytes] of steps) {
    if (megabytes === undefined) continue;
    const [, folder = ''] = instruction.split(' ');
    context.entry({ name: `${folder}/data`, mtime: new Date(0) }, contentOf(folder, megabytes));
  }
  context.finalize();
  await building;
}

function contentOf(folder: string, megabytes: number): Buffer {
  const key = `${folder} ${megabytes}`;
  const content = contents.get(key) ?? randomBytes(megabytes * 1e6);
  contents.set(key, content);
  return content;
}
