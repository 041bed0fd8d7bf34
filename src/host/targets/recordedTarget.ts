import type { ImageRecord } from '../../core/push/record/pushRecord.ts';
import type { Connection } from '../connections/connection.ts';
import { hasHost } from '../connections/findByHost.ts';
import { packagePage } from './packagePage.ts';
import { parseTarget, type Target } from './target.ts';

type Recorded = Pick<ImageRecord, 'target' | 'origin'>;

/** Where a recorded push went, in its parts. Undefined for a record that somebody has edited. */
function recordedTarget({ target, origin }: Recorded): Target | undefined {
  try {
    const registry = { origin, host: new URL(origin).host };
    return parseTarget(target, (first) => hasHost(registry, first));
  } catch {
    return undefined;
  }
}

/** The tag of its registry. */
export function recordedTag(
  image: Recorded,
): { readonly origin: string; readonly repository: string; readonly tag: string } | undefined {
  const target = recordedTarget(image);
  return target && { origin: image.origin, repository: target.repository, tag: target.tag };
}

/** Its page on Gitea or Forgejo. Undefined for other registries. */
export function recordedPage(image: Recorded, connection: Pick<Connection, 'kind' | 'webRoot'>): string | undefined {
  const target = recordedTarget(image);
  return target && packagePage(connection, target);
}
