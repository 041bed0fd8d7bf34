import { TeaChestError } from '../../core/base/errors.ts';
import type { Logger } from '../../core/base/logger.ts';
import { discoverEndpoint } from '../../core/docker/endpoint/discoverEndpoint.ts';
import type { EngineEndpoint } from '../../core/docker/types.ts';
import type { Engine } from './engine.ts';

/** Finds the engine's endpoint, each time anew. Loads its client only then: that is most of the extension's code. */
export function engineFinder(
  setting: () => string | undefined,
  logger: Logger,
  discover: (setting: string | undefined) => Promise<EngineEndpoint> = discoverEndpoint,
): () => Promise<Engine> {
  let told = '';
  let last: EngineEndpoint | undefined;
  return async () => {
    const endpoint = await discover(setting()).catch((error: unknown) => {
      throw wasThere(error, last);
    });
    last = endpoint;
    const place = `${endpoint.url} (${endpoint.source})`;
    // An engine that is down is looked for again and again, and mostly found at the same place.
    if (place !== told) logger.info(`The container engine is at ${place}.`);
    told = place;
    const docker = await import('../../core/docker/client/engine.ts');
    return new docker.Engine(endpoint, { logger });
  };
}

/** An engine that was found before is stopped now, and not missing: its socket goes with it. */
function wasThere(error: unknown, last: EngineEndpoint | undefined): unknown {
  if (!(error instanceof TeaChestError) || error.code !== 'engineNotFound' || last === undefined) return error;
  const { url, source } = last;
  const sentence = `The container engine at ${url} (${source}) is not running any more: nobody listens there.`;
  return new TeaChestError('engineStopped', sentence, {
    stage: 'engine',
    cause: error,
    facts: { ...error.facts, endpoint: url, source },
  });
}
