import type { Logger } from '../../core/base/logger.ts';
import { discoverEndpoint } from '../../core/docker/endpointDiscovery.ts';
import type { Engine } from './engine.ts';

/** Finds the engine's endpoint, each time anew. Loads its client only then: that is most of the extension's code. */
export function engineFinder(setting: () => string | undefined, logger: Logger): () => Promise<Engine> {
  let told = '';
  return async () => {
    const endpoint = await discoverEndpoint(setting());
    const place = `${endpoint.url} (${endpoint.source})`;
    // An engine that is down is looked for again and again, and mostly found at the same place.
    if (place !== told) logger.info(`The container engine is at ${place}.`);
    told = place;
    const docker = await import('../../core/docker/engine.ts');
    return new docker.Engine(endpoint);
  };
}
