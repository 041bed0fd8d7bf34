import { readFile } from 'node:fs/promises';
import * as l10n from '@vscode/l10n';
import * as vscode from 'vscode';
import { askModal, askModalChoice } from '../display/messages.ts';
import { askAbove } from '../input/askAbove.ts';
import type { ClientCertificateFiles, Consent } from './verifyServerTrust.ts';

const trust = l10n.t('Trust This Certificate');
const chooseCa = l10n.t('Choose CA File…');
const allFiles = { [l10n.t('All files')]: ['*'] };
const certificates = { [l10n.t('PEM certificates')]: ['pem', 'crt', 'cer', 'cert'], ...allFiles };
const keys = { [l10n.t('PEM keys')]: ['pem', 'key'], ...allFiles };

/** Asks in modal dialogs. Nothing is sent before the person has answered. */
export const consent: Consent = {
  toCertificate: async ({ message, detail }) => {
    for (;;) {
      // Enter must not trust: it gives the first answer.
      const answer = await askModalChoice(message, detail, [chooseCa, trust]);
      if (answer === trust) return 'trust';
      if (answer !== chooseCa) return undefined;
      const caFile = await chooseFile(l10n.t('CA File of the Registry (PEM)'), l10n.t('Use This CA'), certificates);
      if (caFile !== undefined) return { caFile };
    }
  },
  toPlainHttp: (host) =>
    askModal(
      l10n.t`Sign in to ${host} without encryption?`,
      [
        l10n.t(
          'Over http, everybody on the way can read your password and your images. Use it only on a network you trust.',
        ),
      ],
      l10n.t('Use http'),
    ),
  toClientCertificate: async (reason) => {
    const detail = [l10n.t('A client certificate and its key are two files in PEM form, or one that has both.')];
    if (!(await askModal(reason, detail, l10n.t('Choose Client Certificate…')))) return undefined;
    return await chooseClientCertificateFiles();
  },
  toLeaveOutFiles: (reason) =>
    askModal(
      reason,
      [l10n.t('Without the files that were chosen for this registry, its certificate is checked as any other.')],
      l10n.t('Go On Without Them'),
    ),
};

async function chooseClientCertificateFiles(): Promise<ClientCertificateFiles | undefined> {
  const clientCertFile = await chooseFile(
    l10n.t('Client Certificate (PEM)'),
    l10n.t('Use This Certificate'),
    certificates,
  );
  if (clientCertFile === undefined) return undefined;
  const clientKeyFile = (await hasKey(clientCertFile))
    ? clientCertFile
    : await chooseFile(l10n.t('Key of the Client Certificate (PEM)'), l10n.t('Use This Key'), keys);
  return clientKeyFile === undefined ? undefined : { clientCertFile, clientKeyFile };
}

/** The path of a file on the machine that the extension host runs on. Undefined if the person cancels. */
async function chooseFile(
  title: string,
  openLabel: string,
  filters: Readonly<Record<string, string[]>>,
): Promise<string | undefined> {
  const options = { title, openLabel, filters, canSelectMany: false };
  const chosen = await askAbove(() => vscode.window.showOpenDialog(options));
  return chosen?.[0]?.fsPath;
}

async function hasKey(path: string): Promise<boolean> {
  try {
    return /-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(await readFile(path, 'utf8'));
  } catch {
    // The code that uses the file reports what is wrong with it.
    return false;
  }
}
