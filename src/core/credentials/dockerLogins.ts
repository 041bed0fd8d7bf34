import * as l10n from '@vscode/l10n';
import { dockerConfigFolder } from '../docker/endpoint/dockerConfigFolder.ts';
import { pathsOf } from '../docker/endpoint/hostPaths.ts';
import { readAuthFile } from './authFile.ts';
import type { CredentialMachine } from './credentialMachine.ts';
import type { SourceContents } from './login.ts';

/**
 * The logins of `docker login`: `config.json` in `$DOCKER_CONFIG` or `~/.docker`, and in the folder of the docker from the
 * snap store, which has a home of its own (snapcraft.io/docker).
 */
export async function dockerLogins(machine: CredentialMachine): Promise<SourceContents> {
  const paths = pathsOf(machine);
  const ofSnap = paths.join(machine.home, 'snap', 'docker', 'current', '.docker', 'config.json');
  const path = paths.join(await dockerConfigFolder(machine), 'config.json');
  const snap = {
    path: ofSnap,
    name: l10n.t({
      message: 'Docker from snap (config.json)',
      comment: 'Where a login comes from. In “Use the login of …”, and alone',
    }),
  };
  const usual = path === ofSnap ? snap : { path, name: 'Docker (config.json)' };
  const files = machine.platform === 'linux' && usual !== snap ? [usual, snap] : [usual];
  const contents = await Promise.all(
    files.map((file) => readAuthFile(machine, { ...file, source: 'docker', program: 'Docker' })),
  );
  return {
    logins: contents.flatMap(({ logins }) => logins),
    problem: contents.find(({ problem }) => problem !== undefined)?.problem,
  };
}
