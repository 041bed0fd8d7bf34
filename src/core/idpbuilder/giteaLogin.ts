import * as l10n from '@vscode/l10n';
import * as v from 'valibot';
import { lenient, listOf, parseJson } from '../base/json.ts';
import { TeaChestError } from '../base/errors.ts';
import { joinSentences } from '../base/joinSentences.ts';
import type { CredentialMachine } from '../credentials/credentialMachine.ts';
import type { LocalCluster } from './findClusters.ts';
import { runKubectl, runProgram, type ProgramOptions, type ProgramOutput } from './runProgram.ts';

/** The administrator of the cluster's Gitea. */
export interface GiteaLogin {
  readonly username: string;
  readonly password: string;
  /** The command that gave it. */
  readonly source: string;
}

type Pair = Omit<GiteaLogin, 'source'>;

const secretName = 'gitea-credential';
const namespace = 'gitea';

const half = { username: lenient(v.string()), password: lenient(v.string()) };

/**
 * The output of `idpbuilder get secrets -o json`. Since 0.9 the secrets of Gitea and Argo CD have their fields at the top;
 * before (0.5 to 0.8), and for all other secrets, they are under `data` (pkg/cmd/get/secrets.go).
 */
const idpbuilderSecrets = listOf(
  v.object({ name: v.string(), namespace: lenient(v.string()), ...half, data: lenient(v.object(half)) }),
);

const kubernetesSecret = v.object({ data: v.object(half) });

/**
 * Asks `idpbuilder`, or `kubectl` where idpbuilder is not there, cannot tell, or would ask another cluster.
 * @throws TeaChestError `credentialSourceFailed`
 */
export async function readGiteaLogin(
  machine: CredentialMachine,
  cluster: LocalCluster,
  options: ProgramOptions,
): Promise<GiteaLogin> {
  const problems: string[] = [];
  for (const ask of [askIdpbuilder, askKubectl]) {
    const answer = await ask(machine, cluster, options);
    if (!('problem' in answer)) return answer;
    problems.push(answer.problem);
  }
  const message = joinSentences(
    l10n.t`The login of Gitea in the cluster “${cluster.name}” could not be read.`,
    ...problems,
  );
  throw new TeaChestError('credentialSourceFailed', message, { stage: 'signIn', facts: { cluster: cluster.name } });
}

type Answer = GiteaLogin | { readonly problem: string };

async function askIdpbuilder(
  machine: CredentialMachine,
  { isCurrent, context }: LocalCluster,
  options: ProgramOptions,
): Promise<Answer> {
  // It has no option for the context, and would give the password of another cluster.
  if (!isCurrent) {
    return {
      problem: l10n.t`idpbuilder was not asked, because ${context} is not the current context of ~/.kube/config.`,
    };
  }
  const output = await runProgram(machine, 'idpbuilder', ['get', 'secrets', '-p', 'gitea', '-o', 'json'], options);
  return toLogin(output, parseIdpbuilderSecrets, 'idpbuilder get secrets -p gitea');
}

async function askKubectl(machine: CredentialMachine, cluster: LocalCluster, options: ProgramOptions): Promise<Answer> {
  const output = await runKubectl(machine, cluster, ['get', 'secret', secretName, '-n', namespace], options);
  return toLogin(output, parseKubernetesSecret, `kubectl get secret ${secretName} -n ${namespace}`);
}

function toLogin(output: ProgramOutput, parse: (stdout: string) => Pair | undefined, source: string): Answer {
  if ('problem' in output) return output;
  const pair = parse(output.stdout);
  return pair === undefined
    ? { problem: l10n.t`“${source}” gave no ${secretName} with a user name and a password.` }
    : { ...pair, source };
}

/** By its name: a list may have other secrets, with other users. User and password come from the same object. */
export function parseIdpbuilderSecrets(stdout: string): Pair | undefined {
  const named = parseJson(idpbuilderSecrets, stdout)?.find(
    (secret) => secret.name === secretName && (secret.namespace ?? namespace) === namespace,
  );
  return named && (pairOf(named) ?? pairOf(named.data ?? {}));
}

/** A secret of the Kubernetes API, whose values are base64. */
export function parseKubernetesSecret(stdout: string): Pair | undefined {
  const { username, password } = parseJson(kubernetesSecret, stdout)?.data ?? {};
  return pairOf({ username: fromBase64(username), password: fromBase64(password) });
}

function pairOf({
  username,
  password,
}: {
  username?: string | undefined;
  password?: string | undefined;
}): Pair | undefined {
  if (username === undefined || password === undefined || password === '') return undefined;
  // Names that Gitea allows (modules/validation, username pattern). HTTP Basic ends the name at the first colon.
  return /^[\w.-]+$/.test(username) ? { username, password } : undefined;
}

function fromBase64(text: string | undefined): string | undefined {
  if (text === undefined || !/^[A-Za-z0-9+/]*={0,2}$/.test(text)) return undefined;
  return Buffer.from(text, 'base64').toString('utf8');
}
