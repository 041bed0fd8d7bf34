import * as l10n from '@vscode/l10n';
import type { BlobTarget } from '../ports/blobTarget.ts';
import type { PushRequest } from './pushContext.ts';

/**
 * What a person should read about an image that went to an owner who was renamed: Gitea redirects from the former name until
 * another owner takes it.
 */
export function movedNotice(
  { repository }: Pick<PushRequest, 'repository'>,
  target: Pick<BlobTarget, 'repository' | 'movedTo'>,
): string | undefined {
  const { movedTo } = target;
  if (movedTo === undefined) return undefined;
  const host = repository.slice(0, -target.repository.length);
  const [former = ''] = target.repository.split('/');
  const [present = ''] = movedTo.split('/');
  return l10n.t`“${former}” was renamed to “${present}”, so the image is in ${host + movedTo}. The former name leads there only until somebody else takes it.`;
}
