import { createHash } from 'node:crypto';
import { join } from 'node:path';

import { discoverEndpoint } from '../../src/core/docker/endpoint/discoverEndpoint.ts';
import { thisHost } from '../../src/core/docker/endpoint/hostEnvironment.ts';
import type { EngineEndpoint } from '../../src/core/docker/types.ts';
import { makeCertificateFolder, type CertificateFolder } from '../tools/certificates.ts';
import type { Engine } from '../tools/engine.ts';
import { writeDockerContext } from '../tools/dockerContext.ts';
import { makeScratch } from '../tools/scratch.ts';
import { startSshServer } from '../tools/sshd.ts';
import { startForwarder } from './forwarder.ts';

/** How an engine can be reached, besides its socket. */
export const ways = ['tcp', 'TLS', 'ssh', 'docker context'] as const;
export type Way = (typeof ways)[number];

/** Not 127.0.0.1, so that it is another host for the extension. */
const elsewhere = '127.0.0.2';

export interface Ways {
  /** Found as the extension finds it, by what a person would set. */
  endpoint(engine: Engine, way: Way): Promise<EngineEndpoint>;
  stop(): Promise<void>;
}

export async function openWays(): Promise<Ways> {
  const scratch = await makeScratch('ways');
  const certificates = await makeCertificateFolder(scratch.path, [elsewhere]);
  const ssh = await startSshServer();
  const closing: (() => Promise<void>)[] = [() => ssh.stop(), () => scratch.remove()];
  const forward = async (engine: Engine, tls: CertificateFolder | undefined): Promise<string> => {
    const forwarder = await startForwarder({ to: socketOf(engine), address: elsewhere, tls });
    closing.unshift(forwarder.close);
    return `tcp://${forwarder.host}`;
  };
  const discover = (env: Readonly<Record<string, string>>): Promise<EngineEndpoint> =>
    discoverEndpoint({}, { ...thisHost(), env });
  // The program that the extension starts is looked up in our own PATH.
  const searchPath = process.env['PATH'];
  process.env['PATH'] = ssh.path;
  return {
    async endpoint(engine, way) {
      switch (way) {
        case 'tcp':
          return discover({ DOCKER_HOST: await forward(engine, undefined) });
        case 'TLS': {
          const DOCKER_HOST = await forward(engine, certificates);
          return discover({ DOCKER_HOST, DOCKER_TLS_VERIFY: '1', DOCKER_CERT_PATH: certificates.folder });
        }
        case 'ssh':
          return discover({ DOCKER_HOST: `ssh://${ssh.destination}${socketOf(engine)}` });
        case 'docker context': {
          const DOCKER_CONFIG = join(scratch.path, createHash('sha256').update(engine.host).digest('hex'));
          await writeDockerContext(DOCKER_CONFIG, certificates.folder, await forward(engine, certificates));
          return discover({ DOCKER_CONFIG });
        }
      }
    },
    async stop() {
      process.env['PATH'] = searchPath;
      for (const close of closing) await close();
    },
  };
}

const socketOf = ({ host }: Engine): string => host.replace('unix://', '');
