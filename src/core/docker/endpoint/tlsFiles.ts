import * as l10n from '@vscode/l10n';
import { endpointInvalid } from './parseEndpoint.ts';
import { pathsOf } from './hostPaths.ts';
import type { HostEnvironment } from './hostEnvironment.ts';
import type { EngineTls } from '../types.ts';

/** `ca.pem`, `cert.pem` and `key.pem` of a folder, those that exist; undefined if none does. */
export async function readTlsFiles(
  folder: string,
  machine: HostEnvironment,
  source: string,
): Promise<Omit<EngineTls, 'verify'> | undefined> {
  const read = async (name: string): Promise<Buffer | undefined> => {
    const file = pathsOf(machine).join(folder, name);
    try {
      return await machine.readFile(file);
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      throw endpointInvalid(source, l10n.t`${file} cannot be read (${message})`, { cause: error });
    }
  };
  const [ca, cert, key] = await Promise.all([read('ca.pem'), read('cert.pem'), read('key.pem')]);
  if ((cert === undefined) !== (key === undefined)) {
    throw endpointInvalid(source, l10n.t`of cert.pem and key.pem, ${folder} has only one`);
  }
  if (ca === undefined && cert === undefined) return undefined;
  return { ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }) };
}
