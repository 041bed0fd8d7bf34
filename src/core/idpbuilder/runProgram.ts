import * as l10n from '@vscode/l10n';
import { plainText } from '../base/plainText.ts';
import type { CredentialMachine } from '../credentials/credentialMachine.ts';
import { hasSecretIn } from '../credentials/helperMessage.ts';
import type { LocalCluster } from './findClusters.ts';

export interface ProgramOptions {
  readonly signal: AbortSignal;
}

/** A cluster that is stopped is found out sooner; one that starts may take a while. */
const limitMs = 10_000;

/** The output of a program, or why there is none: a sentence for a person, without a secret. */
export type ProgramOutput = { readonly stdout: string } | { readonly problem: string };

/** kubectl for this cluster alone, whatever the current context is. */
export async function runKubectl(
  machine: CredentialMachine,
  { context }: LocalCluster,
  args: readonly string[],
  options: ProgramOptions,
): Promise<ProgramOutput> {
  const own = [`--context=${context}`, '--request-timeout=8s', ...args, '-o', 'json'];
  return await runProgram(machine, 'kubectl', own, options);
}

/** Runs a program of the PATH without a shell and without a terminal. Rejects only if the signal fires. */
export async function runProgram(
  machine: CredentialMachine,
  command: string,
  args: readonly string[],
  { signal }: ProgramOptions,
): Promise<ProgramOutput> {
  const result = await machine.runHelper({ command, args, input: '' }, { signal, limitMs });
  if (result.kind === 'notFound') return { problem: l10n.t`${command} was not found on the PATH.` };
  if (result.kind === 'tooSlow') {
    return { problem: l10n.t`${command} gave no answer within ${limitMs / 1000} seconds and was stopped.` };
  }
  if (result.code === 0) return { stdout: result.stdout };
  const reason = hasSecretIn(result.stdout) || hasSecretIn(result.stderr) ? '' : lastMessage(result.stderr);
  return {
    problem:
      reason === ''
        ? l10n.t`${command} failed without a message that can be shown.`
        : l10n.t`${command} failed: ${reason}`,
  };
}

/** The last line of the error output, without the log lines of Kubernetes' client (`E1126 11:42:37.1 12 memcache.go:265] …`). */
function lastMessage(stderr: string): string {
  const lines = stderr.split(/\r?\n/).filter((line) => line.trim() !== '' && !/^[IWEF]\d{4} /.test(line));
  const text = plainText(lines.at(-1) ?? '', 300);
  return text === '' || /[.!?]$/.test(text) ? text : `${text}.`;
}
