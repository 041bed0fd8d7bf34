import * as l10n from '@vscode/l10n';
import { joinSentences } from '../../core/base/joinSentences.ts';
import type { CertificateDetails } from '../../core/registry/types.ts';
import { groupFingerprint } from './certificateQuestion.ts';
import type { FoundGitea } from './findClusterGitea.ts';

export interface ClusterQuestion {
  readonly message: string;
  readonly detail: readonly string[];
  readonly yes: string;
  /** The answer that is offered first, where a person should not go on. */
  readonly no?: string;
}

/** All that a person should see before they connect to the Gitea of a cluster. */
export function clusterQuestion(found: FoundGitea): ClusterQuestion {
  if (found.trust.kind === 'different') return warning(found, found.trust.ofCluster);
  const { cluster, address, login, isFromCluster } = found;
  const said = isFromCluster ? l10n.t('the cluster says so') : l10n.t('idpbuilder’s usual address, which answers');
  return {
    message: l10n.t`Connect to the Gitea of the idpbuilder cluster “${cluster.name}”?`,
    detail: [
      l10n.t`Address: ${address.webRoot} (${said})`,
      l10n.t`User: ${login.username}; its images are named ${address.host}/${login.username.toLowerCase()}/…`,
      l10n.t`Password: read by “${login.source}”. With it Gitea makes a token for this machine, and only the token is stored.`,
      '',
      ...certificateLines(found),
    ],
    yes: l10n.t('Connect'),
  };
}

function certificateLines({ trust, certificate, cluster }: FoundGitea): readonly string[] {
  if (trust.kind === 'localHttp') return [l10n.t('Encryption: none (http), which does not leave this machine.')];
  if (certificate === undefined) return [l10n.t('Encryption: none (http). You are asked about it next.')];
  const fingerprint = [l10n.t('SHA-256 fingerprint:'), ...groupFingerprint(certificate.fingerprint256)];
  if (trust.kind === 'sameAsCluster') {
    const same = l10n.t`Certificate: this is the certificate that the cluster “${cluster.name}” itself has (compared by kubectl).`;
    return [joinSentences(same, l10n.t('Only this one is trusted.')), ...fingerprint];
  }
  if (trust.kind === 'trustedBefore')
    return [l10n.t('Certificate: the one that you have trusted already.'), ...fingerprint];
  if (trust.kind === 'valid') return [l10n.t('Certificate: valid for this machine.'), ...fingerprint];
  const sentences = [
    l10n.t('Certificate: it could not be compared with the cluster’s own.'),
    ...(trust.kind === 'notCompared' && trust.problem !== undefined ? [trust.problem] : []),
    l10n.t('You are asked about it next.'),
  ];
  return [joinSentences(...sentences)];
}

function warning({ address, certificate, cluster }: FoundGitea, ofCluster: readonly string[]): ClusterQuestion {
  return {
    message: l10n.t`The certificate of ${address.host} is not the one that the cluster “${cluster.name}” has. Nothing was sent.`,
    detail: [
      l10n.t(
        'Something else may answer at this address in place of the cluster, and would get the password of Gitea’s administrator.',
      ),
      l10n.t(
        'A cluster that is being made anew at the moment may look like this too: wait until idpbuilder has finished, and try again.',
      ),
      '',
      l10n.t('SHA-256 fingerprint of the cluster’s certificate:'),
      ...ofCluster.slice(0, 3).flatMap(groupFingerprint),
      l10n.t`Shown by ${address.host}:`,
      ...shown(certificate),
    ],
    yes: l10n.t('Trust It Anyway'),
    no: l10n.t('Do Not Connect'),
  };
}

function shown(certificate: CertificateDetails | undefined): readonly string[] {
  return certificate === undefined
    ? []
    : [...groupFingerprint(certificate.fingerprint256), l10n.t`Issued by: ${certificate.issuer}`];
}
