import { rename } from 'node:fs/promises';
import { isIP } from 'node:net';
import { join } from 'node:path';

import { needCommand } from './findCommand.ts';
import { run } from './run.ts';

/** The files of a private authority in a folder, named as docker's client wants them: ca.pem, cert.pem, key.pem. */
export interface CertificateFolder {
  /** For the client. */
  readonly folder: string;
  /** For the server. */
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

/** Makes an authority, a server's certificate for `names`, and a client's, by openssl; they are valid for two days. */
export async function makeCertificateFolder(folder: string, names: readonly string[]): Promise<CertificateFolder> {
  const openssl = needCommand('openssl', 'openssl');
  const at = (name: string): string => join(folder, name);
  const make = async (name: string, extensions: readonly string[], signer: readonly string[]): Promise<void> => {
    await run(openssl, [
      ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-noenc', '-days', '2'],
      ...['-subj', `/O=Tea Chest tests/CN=${name}`, '-keyout', at(`${name}-key.pem`), '-out', at(`${name}.pem`)],
      ...signer,
      ...extensions.flatMap((extension) => ['-addext', extension]),
    ]);
  };
  const signedByUs = ['-CA', at('ca.pem'), '-CAkey', at('ca-key.pem')];
  const alternatives = names.map((name) => `${isIP(name) === 0 ? 'DNS' : 'IP'}:${name}`).join(',');
  const notAnAuthority = 'basicConstraints=critical,CA:FALSE';
  await make('ca', ['keyUsage=critical,keyCertSign'], []);
  const forServer = [notAnAuthority, `subjectAltName=${alternatives}`, 'extendedKeyUsage=serverAuth'];
  await make('server', forServer, signedByUs);
  await make('client', [notAnAuthority, 'extendedKeyUsage=clientAuth'], signedByUs);
  await rename(at('client.pem'), at('cert.pem'));
  await rename(at('client-key.pem'), at('key.pem'));
  return { folder, ca: at('ca.pem'), cert: at('server.pem'), key: at('server-key.pem') };
}
