import type { Logger } from '../../core/base/logger.ts';
import { discoverEndpoint } from '../../core/docker/endpointDiscovery.ts';
import type { Engine } from './engine.ts';

/** Finds the engine's endpoint. Loads its client only now: that is most of the extension's code. */
export async function connectEngine(setting: string | undefined, logger: Logger): Promise<Engine> {
  const endpoint = await discoverEndpoint(setting);
  logger.info(`The container engine is at ${endpoint.url} (${endpoint.source}).`);
  const docker = await import('../../core/docker/engine.ts');
  return new docker.Engine(endpoint);
}
