import * as l10n from '@vscode/l10n';
import type { EngineEndpoint } from '../types.ts';

/**
 * Where an engine is, in few characters: `context colima`, `Rancher Desktop`, `ssh://box`, a socket's path. Empty for the
 * default socket of docker, which needs no mention.
 */
export function describeEndpoint({ address, context, product, url }: Omit<EngineEndpoint, 'source'>): string {
  if (context !== undefined)
    return l10n.t({ message: 'context {0}', args: [context], comment: 'The docker context of that name.' });
  if (address.kind !== 'socket') return url;
  if (product === 'Docker' || product === 'Podman') return '';
  return product ?? address.path;
}
