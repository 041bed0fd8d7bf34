import type { X509Certificate } from 'node:crypto';
import * as l10n from '@vscode/l10n';
import { TeaChestError } from '../../../base/errors.ts';
import { describeCertificate, factsOf, fingerprintOf } from './certificate.ts';

/**
 * A SHA-256 fingerprint as people paste it (`SHA256:AB:CD…`, with or without colons or spaces, any case) → 64 lower-case
 * hex digits; undefined if it is something else.
 */
export function normalizeFingerprint(text: string): string | undefined {
  const bare = text
    .trim()
    .replace(/^sha-?256(?: fingerprint)?\s*[:=]\s*/i, '')
    .replace(/[:\s-]/g, '')
    .toLowerCase();
  return /^[0-9a-f]{64}$/.test(bare) ? bare : undefined;
}

/** Undefined if a server's certificate is the pinned one, whoever signed it; otherwise the error. */
export function checkPin(host: string, certificate: X509Certificate, pinned: string): TeaChestError | undefined {
  return fingerprintOf(certificate) === pinned ? undefined : changedCertificate(host, certificate, pinned);
}

/** The error for a server whose certificate is not the one that the person trusted. */
function changedCertificate(host: string, certificate: X509Certificate, pinned: string): TeaChestError {
  const details = describeCertificate(certificate, undefined);
  return new TeaChestError(
    'certificateChanged',
    l10n.t`${host} shows another certificate than the one you trusted. Trusted: SHA-256 ${pinned}. Now: SHA-256 ${details.fingerprint256}, issued by ${details.issuer}, valid from ${details.validFrom}. Nothing was sent.`,
    { facts: { host, pinnedFingerprint: pinned, ...factsOf(details) } },
  );
}
