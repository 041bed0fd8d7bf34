import * as l10n from '@vscode/l10n';
import * as v from 'valibot';
import { TeaChestError } from '../../core/base/errors.ts';
import { readPastedTarget } from '../../core/gitea/readPastedTarget.ts';
import { parseImageReference } from '../../core/oci/imageReference.ts';
import type { ConnectionStore } from '../connections/connectionStore.ts';
import { text } from '../push/pushArguments.ts';
import { settleTarget } from '../targets/settleTarget.ts';
import type { PullJob } from './pullJob.ts';

export const pullArguments = v.strictObject({
  /** `host[:port]/repository[:tag]` or `host[:port]/repository@sha256:…`. */
  reference: text,
  /** `os/architecture[/variant]`, in place of the engine's own. */
  platform: v.optional(text),
});

/** Arguments of `teaChest.pullImage` (docs/automation.md). */
export type PullArguments = Readonly<v.InferOutput<typeof pullArguments>>;

/**
 * Arguments → a job.
 * @throws TeaChestError `referenceInvalid`, `nameInvalid`, `notSignedIn`
 */
export function resolvePull(
  { reference: typed, platform }: PullArguments,
  store: Pick<ConnectionStore, 'findByHost'>,
): PullJob {
  const isHost = (first: string): boolean => store.findByHost(first) !== undefined;
  const { registry, repository, tag = 'latest', digest } = parseImageReference(readPastedTarget(typed), isHost);
  if (registry === undefined) {
    const sentence = l10n.t`“${typed}” is not an image of a registry: it does not begin with one.`;
    throw new TeaChestError('referenceInvalid', sentence, { stage: 'pull', facts: { reference: typed } });
  }
  const connection = store.findByHost(registry);
  if (connection === undefined) {
    throw new TeaChestError('notSignedIn', l10n.t`You are not signed in to ${registry}.`, {
      stage: 'pull',
      facts: { host: registry },
    });
  }
  const { host, kind } = connection;
  const settled = settleTarget({ host, repository, tag }, kind);
  const reference = digest === undefined ? settled : { host, repository: settled.repository, digest };
  return { connection, reference, platform };
}
