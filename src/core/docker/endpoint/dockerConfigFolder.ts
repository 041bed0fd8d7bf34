import { pathsOf } from './hostPaths.ts';
import type { HostEnvironment } from './hostEnvironment.ts';

/**
 * The configuration folder of docker's command line: `$DOCKER_CONFIG` or `~/.docker`. Docker's snap cannot read folders
 * that begin with a dot and has its own (canonical/docker-snap#18), which is used if the other has no configuration.
 */
export async function dockerConfigFolder(machine: HostEnvironment): Promise<string> {
  const given = machine.env['DOCKER_CONFIG'];
  if (given !== undefined && given !== '') return given;
  const usual = pathsOf(machine).join(machine.home, '.docker');
  const exists = async (folder: string): Promise<boolean> =>
    (await machine.realPath(pathsOf(machine).join(folder, 'config.json'))) !== undefined;
  if (machine.platform !== 'linux' || (await exists(usual))) return usual;
  const ofSnap = snapFolder(machine);
  return (await exists(ofSnap)) && (await isDockerOfSnap(machine)) ? ofSnap : usual;
}

/** True for the folder of docker's snap, which people do not expect. */
export function isSnapFolder(folder: string, machine: HostEnvironment): boolean {
  return folder === snapFolder(machine);
}

function snapFolder(machine: HostEnvironment): string {
  return pathsOf(machine).join(machine.home, 'snap', 'docker', 'current', '.docker');
}

/** The first `docker` of the PATH. Commands of snaps are links in /snap/bin to /usr/bin/snap. */
async function isDockerOfSnap(machine: HostEnvironment): Promise<boolean> {
  for (const folder of (machine.env['PATH'] ?? '').split(':').filter((name) => name !== '')) {
    const program = pathsOf(machine).join(folder, 'docker');
    const real = await machine.realPath(program);
    if (real !== undefined) {
      return [program, real].some((path) => /^(?:\/var\/lib\/snapd)?\/snap\//.test(path)) || real.endsWith('/bin/snap');
    }
  }
  return false;
}
