import * as l10n from '@vscode/l10n';
import { builtInContext, chosenContext, listContexts } from './dockerContext.ts';
import { dockerConfigFolder } from './dockerConfigFolder.ts';
import { socketUrl } from './discoverEndpoint.ts';
import { socketCandidates } from './knownSockets.ts';
import { podmanConnections } from './podmanConnections.ts';
import { thisHost, type HostEnvironment, type SocketState } from './hostEnvironment.ts';

/** An engine that a person may choose. */
export type EngineOption =
  | {
      readonly kind: 'context';
      readonly name: string;
      /** Empty if the context leaves it to docker's default. */
      readonly host: string;
      readonly description: string;
      /** `docker context show` names it. */
      readonly isCurrent: boolean;
    }
  | {
      readonly kind: 'socket';
      readonly host: string;
      readonly product: string;
      readonly state: Exclude<SocketState, 'missing'>;
    }
  | { readonly kind: 'podman'; readonly host: string; readonly name: string }
  | { readonly kind: 'variable'; readonly host: string; readonly name: 'DOCKER_HOST' | 'CONTAINER_HOST' };

/** The engines that are configured on this machine: docker's contexts, podman's connections, and the sockets that exist. */
export async function listEngines(machine: HostEnvironment = thisHost()): Promise<readonly EngineOption[]> {
  const [contexts, podman, sockets] = await Promise.all([
    contextOptions(machine),
    podmanConnections(machine),
    socketOptions(machine),
  ]);
  const variables = (['DOCKER_HOST', 'CONTAINER_HOST'] as const).flatMap((name): EngineOption[] => {
    const host = machine.env[name]?.trim() ?? '';
    return host === '' ? [] : [{ kind: 'variable', name, host }];
  });
  return [
    ...contexts,
    ...variables,
    ...podman.map(({ name, uri }): EngineOption => ({ kind: 'podman', name, host: uri })),
    ...sockets,
  ];
}

async function contextOptions(machine: HostEnvironment): Promise<EngineOption[]> {
  const folder = await dockerConfigFolder(machine);
  const [contexts, { name }] = await Promise.all([listContexts(folder, machine), chosenContext(folder, machine)]);
  // As docker does: DOCKER_HOST makes the built-in context the current one.
  const current = (machine.env['DOCKER_HOST'] ?? '') === '' ? (name ?? builtInContext) : builtInContext;
  const option = (context: Omit<EngineOption & { kind: 'context' }, 'kind' | 'isCurrent'>): EngineOption => ({
    kind: 'context',
    ...context,
    isCurrent: context.name === current,
  });
  // Without stored contexts nobody works with them.
  if (contexts.length === 0) return [];
  const builtIn = { name: builtInContext, host: '', description: l10n.t('DOCKER_HOST, or the usual sockets') };
  return [builtIn, ...contexts].map(option);
}

async function socketOptions(machine: HostEnvironment): Promise<EngineOption[]> {
  const candidates = await socketCandidates(machine);
  const options = await Promise.all(
    candidates.map(async ({ path, product }): Promise<EngineOption[]> => {
      const state = await machine.probe(path);
      return state === 'missing' ? [] : [{ kind: 'socket', product, state, host: socketUrl(path, machine) }];
    }),
  );
  return options.flat();
}
