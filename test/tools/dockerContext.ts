import { createHash } from 'node:crypto';
import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** A docker context with TLS in a folder for DOCKER_CONFIG, and chosen there: docker/cli, cli/context/store. */
export async function writeDockerContext(folder: string, certificates: string, host: string): Promise<void> {
  const id = createHash('sha256').update('elsewhere').digest('hex');
  const meta = join(folder, 'contexts', 'meta', id);
  const keys = join(folder, 'contexts', 'tls', id, 'docker');
  await Promise.all([mkdir(meta, { recursive: true }), mkdir(keys, { recursive: true })]);
  const context = { Name: 'elsewhere', Metadata: {}, Endpoints: { docker: { Host: host, SkipTLSVerify: false } } };
  await writeFile(join(meta, 'meta.json'), JSON.stringify(context));
  for (const file of ['ca.pem', 'cert.pem', 'key.pem']) await copyFile(join(certificates, file), join(keys, file));
  await writeFile(join(folder, 'config.json'), JSON.stringify({ currentContext: 'elsewhere' }));
}
