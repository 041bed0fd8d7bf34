import { TeaChestError, type ErrorCode } from '../../core/base/errors.ts';
import type { Connection } from './connection.ts';

/** A cluster that was made anew has another password, other tokens and another certificate. */
const signs: ReadonlySet<ErrorCode> = new Set<ErrorCode>(['credentialsRejected', 'certificateChanged']);

/** Notes in the failure that the registry is the Gitea of a cluster, which was probably made anew. */
export function explainRemadeCluster(error: unknown, { cluster }: Connection): unknown {
  if (cluster === undefined || !(error instanceof TeaChestError) || !signs.has(error.code)) return error;
  return new TeaChestError(error.code, error.message, {
    cause: error,
    ...(error.stage !== undefined && { stage: error.stage }),
    facts: { ...error.facts, remadeCluster: cluster.name },
  });
}
