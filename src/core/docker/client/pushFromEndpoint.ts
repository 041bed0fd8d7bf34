import * as l10n from '@vscode/l10n';
import type { EngineEndpoint } from '../types.ts';

/** Why an engine at this address is not asked to push to this machine's loopback, as a sentence. */
export function whyNoPush({ address, url }: Pick<EngineEndpoint, 'address' | 'url'>): string | undefined {
  if (address.kind === 'socket') return undefined;
  return address.kind === 'ssh'
    ? l10n.t`It is reached by ssh (${url}), so its 127.0.0.1 need not be this machine’s: only an engine at a local socket is asked to push to Tea Chest.`
    : l10n.t`It is reached over the network (${url}), so its 127.0.0.1 need not be this machine’s: only an engine at a local socket is asked to push to Tea Chest.`;
}

/** Why the 127.0.0.1 of an engine at a local socket is not this machine's, as far as the socket shows it. */
export function isolationOf({
  situation,
  product = '',
}: Pick<EngineEndpoint, 'situation' | 'product'>): string | undefined {
  if (situation === undefined) return undefined;
  return situation === 'vm'
    ? l10n.t({
        message: 'it runs in a virtual machine ({0})',
        args: [product],
        comment: 'Why an engine cannot push to Tea Chest; follows a colon. “It” is the container engine.',
      })
    : l10n.t({
        message: 'it runs in a network namespace of its own ({0})',
        args: [product],
        comment: 'Why an engine cannot push to Tea Chest; follows a colon. “It” is the container engine.',
      });
}
