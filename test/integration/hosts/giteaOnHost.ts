import { join } from 'node:path';
import type { NetworkHost } from '../../tools/netns.ts';
import { projectRoot } from '../../tools/projectPaths.ts';
import { startService, waitFor } from '../../tools/service.ts';

/** A fake Gitea on the loopback of a host. */
export interface GiteaOnHost {
  /** `127.0.0.1:port` */
  readonly host: string;
  stop(): Promise<void>;
}

export interface GiteaOnHostOptions {
  readonly devPassword: string;
  /** Nobody may pull without a credential, not even from a public owner. */
  readonly requireSignIn?: boolean;
}

export async function startGiteaOn(
  { within }: NetworkHost,
  folder: string,
  { devPassword, requireSignIn = false }: GiteaOnHostOptions,
): Promise<GiteaOnHost> {
  const program = join(projectRoot, 'test', 'fakeGitea', 'main.ts');
  const [command, ...args] = within([process.execPath, program, ...(requireSignIn ? ['--require-sign-in'] : [])]);
  const service = startService(command, args, {
    logFile: join(folder, 'gitea.log'),
    env: { FAKE_GITEA_DEV_PASSWORD: devPassword },
  });
  const line = await waitFor('The fake Gitea', service, () => /^\{.*\}$/m.exec(service.output())?.[0]);
  return { host: (JSON.parse(line) as { host: string }).host, stop: () => service.stop() };
}
