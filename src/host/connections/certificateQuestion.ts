import * as l10n from '@vscode/l10n';
import type { CertificateDetails } from '../../core/registry/types.ts';

export interface CertificateQuestion {
  readonly message: string;
  readonly detail: readonly string[];
}

/**
 * What a person must see before trusting a certificate that no authority vouches for. `trustedBefore`: the fingerprint
 * that was trusted until now. `caFile`: the authorities chosen for this registry, which did not issue the certificate.
 */
export function certificateQuestion(
  host: string,
  certificate: CertificateDetails,
  trustedBefore: string | undefined,
  caFile?: string,
): CertificateQuestion {
  const day = (date: string): string => date.slice(0, 10);
  const changed = trustedBefore !== undefined;
  const { problem, names } = certificate;
  return {
    message: changed
      ? l10n.t`The certificate of ${host} is not the one you trusted before. Trust the new one?`
      : l10n.t`Nobody this machine trusts vouches for the certificate of ${host}. Trust it?`,
    detail: [
      problem === undefined ? l10n.t('Problem: none that the usual check would find') : l10n.t`Problem: ${problem}`,
      l10n.t`Issued to: ${certificate.subject}`,
      l10n.t`Issued by: ${certificate.issuer}`,
      l10n.t`Valid: ${day(certificate.validFrom)} to ${day(certificate.validTo)}`,
      names.length === 0
        ? l10n.t({ message: 'Names: none', comment: 'The host names in a certificate.' })
        : l10n.t`Names: ${names.join(', ')}`,
      ...(caFile === undefined ? [] : [l10n.t`CA file in use: ${caFile}`]),
      ...(changed ? ['', l10n.t('SHA-256 fingerprint trusted before:'), ...groupFingerprint(trustedBefore)] : []),
      changed
        ? l10n.t({ message: 'Shown now:', comment: 'The fingerprint that the server shows.' })
        : l10n.t('SHA-256 fingerprint:'),
      ...groupFingerprint(certificate.fingerprint256),
      '',
      changed
        ? l10n.t(
            'A renewed certificate is harmless; anything else may be somebody listening in. Ask whoever runs the registry if you are not sure.',
          )
        : l10n.t(
            'Compare the fingerprint with the one that whoever runs the registry gives you, or choose the file with the certificate of the authority that issued it.',
          ),
    ],
  };
}

/** 64 hex digits → four lines of eight bytes, `AB:CD:…`, which a person can compare. */
export function groupFingerprint(fingerprint256: string): readonly string[] {
  const bytes = fingerprint256.toUpperCase().match(/../g) ?? [];
  const lines: string[] = [];
  for (let start = 0; start < bytes.length; start += 8) lines.push(bytes.slice(start, start + 8).join(':'));
  return lines;
}
