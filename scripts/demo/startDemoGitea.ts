import { randomBytes } from 'node:crypto';

import { defaultSeed } from '../../test/standin/model/seed.ts';
import { startStandin } from '../../test/standin/standin.ts';
import type { Standin } from '../../test/standin/standin.ts';
import type { Closer } from '../../test/tools/closer.ts';

export interface DemoUser {
  readonly name: string;
  readonly password: string;
}

/** A stand-in for Gitea over https, with a user whose password a person can type. It lives as long as the demo. */
export async function startDemoGitea(closer: Closer): Promise<{ gitea: Standin; user: DemoUser }> {
  const user = { name: 'dev', password: randomBytes(4).toString('hex') };
  const users = defaultSeed.users.map((seeded) => (seeded.name === user.name ? { ...seeded, ...user } : seeded));
  const gitea = await startStandin({ tls: 'valid', seed: { ...defaultSeed, users } });
  closer.add(() => gitea.close());
  return { gitea, user };
}
