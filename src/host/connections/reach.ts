import * as vscode from 'vscode';
import type { RegistryAddress, RegistryTrust } from '../../core/registry/types.ts';
import { certificateQuestion } from './certificateQuestion.ts';
import type { SignInGate } from './signIn.ts';

export interface Reached {
  readonly address: RegistryAddress;
  readonly trust: RegistryTrust;
}

/** Makes sure that the address may be talked to; asks the person where only they can know. Undefined: they said no. */
export async function reach(
  gate: SignInGate,
  address: RegistryAddress,
  trust: RegistryTrust,
  signal: AbortSignal,
): Promise<Reached | undefined> {
  if (address.origin.startsWith('http:')) {
    if (trust.allowHttp === true || (await confirmPlainHttp(address))) {
      return { address, trust: { ...trust, allowHttp: true } };
    }
    return undefined;
  }
  const certificate = await gate.inspectCertificate(address, trust, { signal });
  const pinned = trust.pinnedFingerprint;
  if (certificate.problem === undefined && pinned === undefined) return { address, trust };
  if (certificate.fingerprint256 === pinned) return { address, trust };
  const question = certificateQuestion(address.host, certificate, pinned !== undefined);
  const yes = 'Trust This Certificate';
  const answer = await vscode.window.showWarningMessage(
    question.message,
    { modal: true, detail: question.detail },
    yes,
  );
  if (answer !== yes) return undefined;
  return { address, trust: { ...trust, pinnedFingerprint: certificate.fingerprint256 } };
}

async function confirmPlainHttp(address: RegistryAddress): Promise<boolean> {
  const yes = 'Use http';
  const answer = await vscode.window.showWarningMessage(
    `Sign in to ${address.host} without encryption?`,
    {
      modal: true,
      detail:
        'Over http, everybody on the way can read your password and your images. Use it only on a network you trust.',
    },
    yes,
  );
  return answer === yes;
}
