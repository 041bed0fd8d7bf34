import { TeaChestError } from '../../core/base/errors.ts';
import { readPastedTarget } from '../../core/gitea/readPastedTarget.ts';
import { parseDestination } from './resolvePush.ts';
import type { TargetSources } from './pushSources.ts';
import type { Destination } from '../targets/target.ts';

/**
 * A whole target where only a part of one is asked for, such as a pasted `docker push …` line. Undefined for a text that may
 * be that part. `problem`: why it is no target to push to.
 */
export function pastedDestination(
  text: string,
  store: TargetSources['store'],
): Destination | { readonly problem: string } | undefined {
  const typed = text.trim();
  try {
    const target = readPastedTarget(typed);
    const host = target.slice(0, Math.max(0, target.indexOf('/')));
    // `v1.2/app` may be a name on Gitea: a host is one that the person is signed in to, or that has a scheme or a command.
    if (target === typed && (host === '' || store.findByHost(host) === undefined)) return undefined;
    if (!target.includes('/')) return undefined;
    return parseDestination(typed, store);
  } catch (error) {
    if (!(error instanceof TeaChestError)) throw error;
    return { problem: error.message };
  }
}
