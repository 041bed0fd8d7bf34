import { cpus, release, totalmem } from 'node:os';
import { needCommand } from '../../test/tools/findCommand.ts';
import { run } from '../../test/tools/run.ts';

/** What the figures were measured on and with, one fact a line. */
export async function describeMachine(engines: readonly string[]): Promise<string[]> {
  const models = [...new Set(cpus().map(({ model }) => model.trim()))];
  const version = async (command: string, debianPackage: string): Promise<string> => {
    const { stdout, stderr } = await run(needCommand(command, debianPackage), ['--version'], { mayFail: true });
    return /\d+\.\d+[\w.+~-]*/.exec(stdout + stderr)?.[0] ?? 'of unknown version';
  };
  return [
    `${cpus().length} cores (${models.join(', ')}), ${(totalmem() / 1024 ** 3).toFixed(0)} GiB, ${process.platform} ${release()}`,
    `Node ${process.versions.node}, skopeo ${await version('skopeo', 'skopeo')}, docker-registry ${await version('docker-registry', 'docker-registry')}`,
    ...engines,
  ];
}
