import type { X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import * as l10n from '@vscode/l10n';
import { joinSentences } from '../../../base/joinSentences.ts';
import { TeaChestError, type ErrorFacts } from '../../../base/errors.ts';
import type { CertificateDetails } from '../../types.ts';

/** SHA-256 of the certificate's DER bytes, 64 lower-case hex digits. */
export function fingerprintOf(certificate: X509Certificate): string {
  return certificate.fingerprint256.replaceAll(':', '').toLowerCase();
}

/** What is wrong with a certificate; `code` as Node names it: `CERT_HAS_EXPIRED`. */
export interface CertificateProblems {
  readonly codes: readonly string[];
  /** `it is self-signed, and it has expired` */
  readonly description: string;
}

/**
 * All that is wrong: OpenSSL stops at the first problem, and a person who is asked to trust a self-signed certificate
 * should know that it is also out of date or somebody else's. `firstCode` is OpenSSL's or the host name check's.
 */
export function certificateProblems(
  certificate: X509Certificate,
  host: string,
  firstCode: string | undefined,
  { isKnownIssuer, now }: { readonly isKnownIssuer: (certificate: X509Certificate) => boolean; readonly now: number },
): CertificateProblems | undefined {
  if (firstCode === undefined) return undefined;
  const named = isIP(host) === 0 ? certificate.checkHost(host) : certificate.checkIP(host);
  const from = Date.parse(certificate.validFrom);
  const to = Date.parse(certificate.validTo);
  const isDated = firstCode === 'CERT_HAS_EXPIRED' || firstCode === 'CERT_NOT_YET_VALID';
  // The date of another certificate of the chain: of the authority, or of one in between.
  const isOther = isDated && from <= now && now <= to;
  const codes = new Set([isOther ? `${firstCode}_IN_CHAIN` : firstCode]);
  if (isDated && !isKnownIssuer(certificate)) codes.add('UNABLE_TO_GET_ISSUER_CERT');
  if (to < now) codes.add('CERT_HAS_EXPIRED');
  if (from > now) codes.add('CERT_NOT_YET_VALID');
  if (named === undefined) codes.add('ERR_TLS_CERT_ALTNAME_INVALID');
  const all = [...codes].map((code) => describeProblem(code, certificate)).reduce(andProblem);
  return { codes: [...codes], description: [...codes].some(isOfDates) ? withClock(all, now) : all };
}

function andProblem(problems: string, another: string): string {
  return l10n.t({
    message: '{0}, and {1}',
    args: [problems, another],
    comment: 'Problems of a certificate, as in “it is self-signed, and it has expired”',
  });
}

export function describeCertificate(
  certificate: X509Certificate,
  problems: CertificateProblems | undefined,
): CertificateDetails {
  return {
    subject: oneLine(certificate.subject),
    issuer: oneLine(certificate.issuer),
    validFrom: isoDate(certificate.validFrom),
    validTo: isoDate(certificate.validTo),
    names: alternativeNames(certificate.subjectAltName),
    fingerprint256: fingerprintOf(certificate),
    problem: problems?.description,
  };
}

/** The error for a certificate that the usual check refused: untrusted if its only problem is an unknown issuer, else invalid. */
export function refusedCertificate(
  host: string,
  certificate: X509Certificate,
  problems: CertificateProblems,
  unread: readonly string[] = [],
): TeaChestError {
  const details = describeCertificate(certificate, problems);
  const elsewhere = problems.codes.includes('ERR_TLS_CERT_ALTNAME_INVALID');
  const message = l10n.t({
    message: 'The certificate of {host} is not accepted: {problems}.',
    args: { host, problems: problems.description },
    comment: '{problems}: such as “it is self-signed, and it has expired”',
  });
  return new TeaChestError(
    problems.codes.every((code) => untrusted.has(code)) ? 'certificateUntrusted' : 'certificateInvalid',
    joinSentences(
      message,
      elsewhere ? describeNames(details.names) : undefined,
      unread.length === 0 ? undefined : l10n.t`What is there for this host was not used: ${unread.join(', ')}.`,
      l10n.t('Nothing was sent.'),
    ),
    { facts: { host, problems: problems.codes, ...factsOf(details) } },
  );
}

/** Codes of X509_verify_cert (Node's names) for a certificate whose issuer is not trusted. */
const untrusted: ReadonlySet<string> = new Set([
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'CERT_UNTRUSTED',
]);

function isOfDates(code: string): boolean {
  return /^CERT_(?:HAS_EXPIRED|NOT_YET_VALID)/.test(code);
}

/** A clock that is wrong, for example after sleep, makes good certificates look expired. Only the person can find out. */
function withClock(problems: string, now: number): string {
  const local = new Date(now).toString().replace(/ \(.*\)$/, '');
  return l10n.t({
    message: '{problems}; by the clock of this machine it is {time}, which you should correct if it is wrong',
    args: { problems, time: local },
    comment:
      '{problems}: such as “it has expired (on 2026-11-01)”. The sentence goes on until here, its full stop is added',
  });
}

function describeProblem(code: string, { validFrom, validTo }: X509Certificate): string {
  if (code === 'CERT_HAS_EXPIRED')
    return l10n.t({
      message: 'it has expired (on {0})',
      args: [isoDate(validTo)],
      comment: 'A problem of a certificate (“it”), after a colon in “The certificate of {host} is not accepted: …”',
    });
  if (code === 'CERT_NOT_YET_VALID')
    return l10n.t({
      message: 'it is not valid yet (only from {0})',
      args: [isoDate(validFrom)],
      comment: 'A problem of a certificate (“it”), after a colon in “The certificate of {host} is not accepted: …”',
    });
  return (
    problems[code] ??
    (untrusted.has(code)
      ? l10n.t({
          message: 'its issuer is not known here',
          comment: 'A problem of a certificate (“it”), after a colon in “The certificate of {host} is not accepted: …”',
        })
      : l10n.t({
          message: 'the check failed with {0}',
          args: [code],
          comment: 'A problem of a certificate (“it”), after a colon in “The certificate of {host} is not accepted: …”',
        }))
  );
}

const problems: Readonly<Record<string, string>> = {
  DEPTH_ZERO_SELF_SIGNED_CERT: l10n.t({
    message: 'it is self-signed',
    comment: 'A problem of a certificate (“it”), after a colon in “The certificate of {host} is not accepted: …”',
  }),
  SELF_SIGNED_CERT_IN_CHAIN: l10n.t({
    message: 'the authority at the end of its chain is not known here',
    comment: 'A problem of a certificate (“it”), after a colon in “The certificate of {host} is not accepted: …”',
  }),
  CERT_HAS_EXPIRED_IN_CHAIN: l10n.t({
    message: 'a certificate behind it, of those that vouch for it, has expired',
    comment: 'A problem of a certificate (“it”), after a colon in “The certificate of {host} is not accepted: …”',
  }),
  CERT_NOT_YET_VALID_IN_CHAIN: l10n.t({
    message: 'a certificate behind it, of those that vouch for it, is not valid yet',
    comment: 'A problem of a certificate (“it”), after a colon in “The certificate of {host} is not accepted: …”',
  }),
  ERR_TLS_CERT_ALTNAME_INVALID: l10n.t({
    message: 'it was issued for another host name',
    comment: 'A problem of a certificate (“it”), after a colon in “The certificate of {host} is not accepted: …”',
  }),
};

export function factsOf(details: CertificateDetails): ErrorFacts {
  const { fingerprint256, subject, issuer, validFrom, validTo, names } = details;
  return { fingerprint256, subject, issuer, validFrom, validTo, names };
}

/** OpenSSL prints one attribute a line. */
function oneLine(name: string): string {
  return name.split('\n').reverse().join(', ');
}

function isoDate(text: string): string {
  const date = new Date(text);
  return Number.isNaN(date.getTime()) ? text : date.toISOString();
}

function alternativeNames(text: string | undefined): string[] {
  return [...(text ?? '').matchAll(/(?:DNS|IP Address):([^,]+)/g)].map((match) => match[1] ?? '');
}

function describeNames(names: readonly string[]): string {
  return names.length === 0 ? l10n.t('It is valid for no name at all.') : l10n.t`It is valid for ${names.join(', ')}.`;
}
