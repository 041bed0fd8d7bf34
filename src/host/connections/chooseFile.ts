import { readFile } from 'node:fs/promises';
import * as vscode from 'vscode';
import type { ClientCertificateFiles } from './verifyServerTrust.ts';

const certificates = { 'PEM certificates': ['pem', 'crt', 'cer', 'cert'], 'All files': ['*'] };
const keys = { 'PEM keys': ['pem', 'key'], 'All files': ['*'] };

/** The path of a file of this machine (of the remote one, where VS Code works on one); undefined if the person leaves. */
async function chooseFile(
  title: string,
  openLabel: string,
  filters: Readonly<Record<string, string[]>>,
): Promise<string | undefined> {
  const chosen = await vscode.window.showOpenDialog({ title, openLabel, filters, canSelectMany: false });
  return chosen?.[0]?.fsPath;
}

export function chooseCaFile(): Promise<string | undefined> {
  return chooseFile('CA File of the Registry (PEM)', 'Use This CA', certificates);
}

/** A certificate and its key, which one file may have both of. */
export async function chooseClientCertificate(): Promise<ClientCertificateFiles | undefined> {
  const clientCertFile = await chooseFile('Client Certificate (PEM)', 'Use This Certificate', certificates);
  if (clientCertFile === undefined) return undefined;
  const clientKeyFile = (await holdsKey(clientCertFile))
    ? clientCertFile
    : await chooseFile('Key of the Client Certificate (PEM)', 'Use This Key', keys);
  return clientKeyFile === undefined ? undefined : { clientCertFile, clientKeyFile };
}

async function holdsKey(path: string): Promise<boolean> {
  try {
    return /-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(await readFile(path, 'utf8'));
  } catch {
    // Whoever uses the file says what is wrong with it.
    return false;
  }
}
