import { randomBytes } from 'node:crypto';

import { defaultSeed } from '../../test/fakeGitea/model/seed.ts';
import { startFakeGitea } from '../../test/fakeGitea/fakeGitea.ts';
import type { FakeGitea } from '../../test/fakeGitea/fakeGitea.ts';
import type { Closer } from '../../test/tools/closer.ts';

export interface DemoUser {
  readonly name: string;
  readonly password: string;
}

/** a fake Gitea over https, with a user whose password a person can type. It lives as long as the demo. */
export async function startDemoGitea(closer: Closer): Promise<{ gitea: FakeGitea; user: DemoUser }> {
  const user = { name: 'dev', password: randomBytes(4).toString('hex') };
  const users = defaultSeed.users.map((seeded) => (seeded.name === user.name ? { ...seeded, ...user } : seeded));
  const gitea = await startFakeGitea({ tls: 'valid', seed: { ...defaultSeed, users } });
  closer.add(() => gitea.close());
  return { gitea, user };
}
