// Answers as `idpbuilder get secrets` (pkg/cmd/get/secrets.go, pkg/printer) and `kubectl get` do, for the clusters of a file.
import { spawn } from 'node:child_process';
import { appendFileSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

interface State {
  readonly condition?: string;
  readonly idpbuilder?: string;
  readonly secrets: Readonly<Record<string, { readonly data: Readonly<Record<string, string>> }>>;
  readonly localbuilds: unknown;
}

const [name = '', stateFile = '', calls = '', ...args] = process.argv.slice(2);
appendFileSync(calls, `${JSON.stringify([name, ...args])}\n`);
const states = JSON.parse(readFileSync(stateFile, 'utf8')) as Record<string, State>;
const server = '127.0.0.1:36123';

// As the client of Kubernetes does, the programs print log lines beside their answer.
process.stderr.write('W1126 11:42:37.123456   4711 warnings.go:70] Use tokens from the TokenRequest API\n');
if (name === 'kubectl') kubectl();
else idpbuilder();

function fail(message: string, code = 1): never {
  process.stderr.write(`${message}\n`);
  process.exit(code);
}

function hang(): void {
  // With a child that holds the output open, as a plug-in for authentication would.
  const { pid } = spawn('sleep', ['600'], { stdio: 'inherit' });
  appendFileSync(calls, `${JSON.stringify(['pids', process.pid, pid])}\n`);
}

function kubectl(): void {
  const context =
    /^--context=(.*)$/.exec(args[0] ?? '')?.[1] ?? fail('error: no context was given to the test’s kubectl');
  if (!/^--request-timeout=\d+s$/.test(args[1] ?? '')) fail('error: no time limit was given to the test’s kubectl');
  const state = states[context] ?? fail(`error: context "${context}" does not exist`);
  if (state.condition === 'hangs') {
    hang();
    return;
  }
  if (state.condition === 'stopped') {
    const line = `E1126 11:42:37.100000   4711 memcache.go:265] "Unhandled Error" err="couldn't get current server API group list: Get \\"https://${server}/api?timeout=8s\\": dial tcp ${server}: connect: connection refused"`;
    fail(
      `${line}\n${line}\nThe connection to the server ${server} was refused - did you specify the right host or port?`,
    );
  }
  const [get, kind, ...rest] = args.slice(2);
  if (get !== 'get' || rest.slice(-2).join(' ') !== '-o json') fail(`error: unknown command "${get ?? ''}"`);
  if (kind === 'localbuilds.idpbuilder.cnoe.io') {
    if (state.condition === 'noLocalbuild') fail('error: the server doesn\'t have a resource type "localbuilds"');
    print(state.localbuilds, 4);
    return;
  }
  const [secret = '', , namespace = ''] = rest;
  if (state.condition === 'forbidden') {
    fail(
      `Error from server (Forbidden): secrets "${secret}" is forbidden: User "dev" cannot get resource "secrets" in API group "" in the namespace "${namespace}"`,
    );
  }
  print(
    state.secrets[`${namespace}/${secret}`] ?? fail(`Error from server (NotFound): secrets "${secret}" not found`),
    4,
  );
}

function idpbuilder(): void {
  if (args.join(' ') !== 'get secrets -p gitea -o json') fail(`Error: unknown command for the test: ${args.join(' ')}`);
  // It reads ~/.kube/config and nothing else, and takes the current context (pkg/util/k8s.go).
  const file = JSON.parse(readFileSync(join(homedir(), '.kube', 'config'), 'utf8')) as { 'current-context': string };
  const state = states[file['current-context']];
  // cobra prints the error, and main() prints it again.
  const failTwice = (text: string): never => fail(`Error: ${text}\n${text}`);
  if (state === undefined) {
    failTwice(`getting kube config: Error building kubeconfig: context "${file['current-context']}" does not exist`);
    return;
  }
  if (state.condition === 'hangs') {
    hang();
    return;
  }
  if (state.condition === 'stopped') {
    failTwice(
      `getting secret gitea-credential in gitea: Get "https://${server}/api/v1/namespaces/gitea/secrets/gitea-credential": dial tcp ${server}: connect: connection refused`,
    );
  }
  const data = state.secrets['gitea/gitea-credential']?.data;
  if (data === undefined) {
    print([], 2);
    return;
  }
  const fields = Object.fromEntries(
    Object.entries(data).map(([key, value]) => [key, Buffer.from(value, 'base64').toString()]),
  );
  const named = { name: 'gitea-credential', namespace: 'gitea' };
  print([state.idpbuilder === '0.8' ? { ...named, data: fields } : { IsCore: true, ...named, ...fields }], 2);
}

function print(value: unknown, indent: number): void {
  process.stdout.write(`${JSON.stringify(value, undefined, indent)}\n`);
}
