import * as l10n from '@vscode/l10n';
import { TeaChestError } from '../../core/base/errors.ts';
import type { Logger } from '../../core/base/logger.ts';
import { describeEndpoint } from '../../core/docker/endpoint/describeEndpoint.ts';
import { discoverEndpoint, type EngineChoice } from '../../core/docker/endpoint/discoverEndpoint.ts';
import type { EngineEndpoint } from '../../core/docker/types.ts';
import type { Engine } from './engine.ts';

/** Returns a function that finds the engine's endpoint. It also loads the client, a large part of the code. */
export function engineFinder(
  choice: () => EngineChoice,
  logger: Logger,
  discover: (choice: EngineChoice) => Promise<EngineEndpoint> = discoverEndpoint,
): () => Promise<Engine> {
  let logged = '';
  let last: EngineEndpoint | undefined;
  return async () => {
    const endpoint = await discover(choice()).catch((error: unknown) => {
      throw asStopped(error, last);
    });
    last = endpoint;
    const address = `${endpoint.url} (${endpoint.source})`;
    // Logged only if it changed, because a stopped engine is looked for repeatedly.
    if (address !== logged) logger.info(`The container engine is at ${address}.`);
    logged = address;
    const docker = await import('../../core/docker/client/engine.ts');
    return new docker.Engine(endpoint, { logger });
  };
}

/** An engine that was found before has stopped and is not missing: its socket disappears with it. */
function asStopped(error: unknown, last: EngineEndpoint | undefined): unknown {
  if (!(error instanceof TeaChestError) || error.code !== 'engineNotFound' || last === undefined) return error;
  const { url, source } = last;
  const sentence = l10n.t`The container engine at ${url} (${source}) is not running any more: nobody listens there.`;
  return new TeaChestError('engineStopped', sentence, {
    stage: 'engine',
    cause: error,
    facts: { ...error.facts, endpoint: url, source, engine: describeEndpoint(last) },
  });
}
