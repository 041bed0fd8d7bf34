import { readFile } from 'node:fs/promises';
import tls from 'node:tls';
import { TeaChestError } from '../base/errors.ts';

/**
 * The authorities that vouch for a registry: Node's own and NODE_EXTRA_CA_CERTS, the operating system's, and the file
 * given for this registry. Reading the system's store can take a moment on some systems, so do it once per registry.
 */
export async function createTrustContext(caFile: string | undefined): Promise<tls.SecureContext> {
  const extra = caFile === undefined ? [] : [await readAuthorities(caFile)];
  return tls.createSecureContext({ ca: [...new Set([...knownAuthorities(), ...extra])] });
}

function knownAuthorities(): string[] {
  // Node 22.15 has it; the types of this project are of a Node that has it, the editor's Node may be older.
  const get = (tls as Partial<typeof tls>).getCACertificates;
  if (get === undefined) return [...tls.rootCertificates];
  return [...get('default'), ...get('system')];
}

async function readAuthorities(caFile: string): Promise<string> {
  const refuse = (why: string, cause?: unknown): TeaChestError =>
    new TeaChestError('argumentInvalid', `The CA file ${caFile} cannot be used: ${why}.`, {
      facts: { caFile },
      ...(cause === undefined ? {} : { cause }),
    });
  let pem: string;
  try {
    pem = await readFile(caFile, 'utf8');
  } catch (error) {
    throw refuse(error instanceof Error ? error.message : 'it cannot be read', error);
  }
  if (!pem.includes('-----BEGIN CERTIFICATE-----')) throw refuse('it holds no PEM certificate');
  try {
    tls.createSecureContext({ ca: pem });
  } catch (error) {
    throw refuse('its certificates cannot be read', error);
  }
  return pem;
}
