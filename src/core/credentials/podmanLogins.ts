import { pathsOf } from '../docker/endpoint/hostPaths.ts';
import { readAuthFile } from './authFile.ts';
import type { CredentialMachine } from './credentialMachine.ts';
import type { SourceContents } from './login.ts';

/**
 * The logins of podman, skopeo and buildah (containers-auth.json(5); containers/image, pkg/docker/config/config.go):
 * `$REGISTRY_AUTH_FILE` alone if it is set; otherwise the file of this session, then the one that stays.
 */
export async function podmanLogins(machine: CredentialMachine): Promise<SourceContents> {
  const contents = await Promise.all(
    authFiles(machine).map((path) =>
      readAuthFile(machine, { source: 'podman', name: 'Podman (auth.json)', program: 'Podman', path }),
    ),
  );
  return {
    logins: contents.flatMap(({ logins }) => logins),
    problem: contents.find(({ problem }) => problem !== undefined)?.problem,
  };
}

function authFiles(machine: CredentialMachine): readonly string[] {
  const { env, home, uid, platform } = machine;
  const paths = pathsOf(machine);
  const value = (name: string): string | undefined => (env[name] === '' ? undefined : env[name]);
  const given = value('REGISTRY_AUTH_FILE');
  if (given !== undefined) return [given];
  const settings = value('XDG_CONFIG_HOME') ?? paths.join(home, '.config');
  const lasting = paths.join(settings, 'containers', 'auth.json');
  if (platform !== 'linux') return [lasting];
  const session =
    value('XDG_RUNTIME_DIR') ?? (uid === undefined ? undefined : paths.join('/run', 'containers', String(uid)));
  const isRun = value('XDG_RUNTIME_DIR') === undefined;
  if (session === undefined) return [lasting];
  return [isRun ? paths.join(session, 'auth.json') : paths.join(session, 'containers', 'auth.json'), lasting];
}
