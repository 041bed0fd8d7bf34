import { toTeaChestError, type TeaChestError } from '../../core/base/errors.ts';
import { explainRemadeCluster } from '../connections/explainRemadeCluster.ts';
import type { RegistryBrowser } from '../registry/registryBrowser.ts';
import { explainOwner } from './explainOwner.ts';
import type { PushJob } from './pushJob.ts';

/** Adds what the registry and the saved connection say about the failure of a push or of its plan. */
export async function explainFailure(
  failure: unknown,
  { connection, target }: Pick<PushJob, 'connection' | 'target'>,
  access: Pick<RegistryBrowser, 'owners' | 'explainDenied'>,
): Promise<TeaChestError> {
  const error = explainRemadeCluster(failure, connection);
  return toTeaChestError(await explainOwner(error, { connection, repository: target.repository }, access));
}
