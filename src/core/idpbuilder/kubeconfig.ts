import { createHash } from 'node:crypto';
import * as v from 'valibot';
import { lenient, listOf, readValue } from '../base/json.ts';
import type { CredentialMachine } from '../credentials/credentialMachine.ts';
import { readConfigFile } from '../credentials/readConfigFile.ts';
import { pathsOf } from '../docker/endpoint/hostPaths.ts';

/** A context of the kubeconfig files. */
interface KubeContext {
  readonly name: string;
  /** SHA-256 of the certificate of the cluster's own authority. Undefined if the file does not have it. */
  readonly authority: string | undefined;
}

export interface Kubeconfig {
  readonly contexts: readonly KubeContext[];
  /**
   * The current context of `~/.kube/config`, whatever KUBECONFIG says. Undefined if the files of KUBECONFIG have another
   * cluster under that name.
   */
  readonly homeContext: string | undefined;
  readonly problems: readonly string[];
}

const file = v.object({
  'current-context': lenient(v.string()),
  contexts: listOf(v.object({ name: v.string(), context: v.object({ cluster: v.string() }) })),
  clusters: listOf(
    v.object({ name: v.string(), cluster: v.object({ 'certificate-authority-data': lenient(v.string()) }) }),
  ),
});

/** The files that kubectl reads: those of KUBECONFIG, else `~/.kube/config`. A relative path has no folder here. */
export function kubeconfigPaths(machine: CredentialMachine): readonly string[] {
  const paths = pathsOf(machine);
  const listed = (machine.env['KUBECONFIG'] ?? '').split(paths.delimiter).filter((path) => paths.isAbsolute(path));
  return listed.length > 0 ? [...new Set(listed)] : [homeKubeconfig(machine)];
}

/** The contexts of all files. The first file that has a name wins, as in kubectl. Starts no program. */
export async function readKubeconfig(machine: CredentialMachine): Promise<Kubeconfig> {
  const home = homeKubeconfig(machine);
  const paths = kubeconfigPaths(machine);
  const read = await Promise.all(
    [...new Set([...paths, home])].map(async (path) => {
      const { value, problem } = await readConfigFile(machine, path, 'yaml');
      return { path, problem, content: readValue(file, value) };
    }),
  );
  const used = read.filter(({ path }) => paths.includes(path));
  const authorities = firstByName(
    used.flatMap(({ content }) => content?.clusters ?? []),
    ({ cluster }) => hashOf(cluster['certificate-authority-data']),
  );
  const clusters = firstByName(
    used.flatMap(({ content }) => content?.contexts ?? []),
    ({ context }) => context.cluster,
  );
  const contexts = [...clusters].map(([name, cluster]) => ({ name, authority: authorities.get(cluster) }));
  return {
    contexts,
    homeContext: homeContext(read.find(({ path }) => path === home)?.content, contexts),
    problems: used.flatMap(({ problem }) => problem ?? []),
  };
}

function homeContext(
  content: v.InferOutput<typeof file> | undefined,
  used: readonly KubeContext[],
): string | undefined {
  const name = content?.['current-context'];
  const cluster = content?.contexts.find((one) => one.name === name)?.context.cluster;
  const own = content?.clusters.find((one) => one.name === cluster)?.cluster['certificate-authority-data'];
  const authority = used.find((one) => one.name === name)?.authority;
  // Without its own entry the name alone is known, which kind gives to one cluster of a machine.
  return cluster === undefined || hashOf(own) === authority ? name : undefined;
}

function homeKubeconfig(machine: CredentialMachine): string {
  return pathsOf(machine).join(machine.home, '.kube', 'config');
}

function firstByName<Row extends { readonly name: string }, T>(
  rows: readonly Row[],
  valueOf: (row: Row) => T,
): ReadonlyMap<string, T> {
  const values = new Map<string, T>();
  for (const row of rows) if (!values.has(row.name)) values.set(row.name, valueOf(row));
  return values;
}

function hashOf(authority: string | undefined): string | undefined {
  if (authority === undefined || authority === '') return undefined;
  return createHash('sha256').update(authority).digest('hex');
}
