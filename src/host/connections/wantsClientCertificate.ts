import { TeaChestError } from '../../core/base/errors.ts';

/** True for what a registry says, or may mean, that wants to be shown a client certificate. */
export function wantsClientCertificate(error: unknown): error is TeaChestError {
  if (!(error instanceof TeaChestError)) return false;
  return error.code === 'clientCertificateNeeded' || error.facts['mayWantClientCertificate'] === true;
}
