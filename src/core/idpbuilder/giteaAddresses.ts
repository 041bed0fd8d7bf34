import * as v from 'valibot';
import { lenient, listOf, parseJson } from '../base/json.ts';
import type { CredentialMachine } from '../credentials/credentialMachine.ts';
import type { LocalCluster } from './findClusters.ts';
import { runKubectl, type ProgramOptions } from './runProgram.ts';

/** Where the cluster's Gitea may be. */
export interface GiteaAddresses {
  readonly urls: readonly string[];
  /** The cluster itself says it. Otherwise the addresses are idpbuilder's defaults, and one of them may answer. */
  readonly isFromCluster: boolean;
}

/** Without `--host` and `--port`: Gitea on a host of its own, and with `--use-path-routing` (pkg/util/gitea.go, globals). */
export const usualAddresses = ['https://gitea.cnoe.localtest.me:8443', 'https://cnoe.localtest.me:8443/gitea'] as const;

const localbuilds = v.object({
  items: listOf(
    v.object({
      metadata: v.object({ name: v.string() }),
      spec: lenient(
        v.object({
          buildCustomization: lenient(
            v.object({
              protocol: v.picklist(['http', 'https']),
              host: v.pipe(v.string(), v.nonEmpty()),
              port: v.pipe(v.string(), v.digits()),
              usePathRouting: v.fallback(v.boolean(), false),
            }),
          ),
        }),
      ),
      status: lenient(v.object({ gitea: lenient(v.object({ externalURL: lenient(v.string()) })) })),
    }),
  ),
});

/** Asks for the resource `localbuild`, in which idpbuilder keeps its options (api/v1alpha1/localbuild_types.go). */
export async function readGiteaAddresses(
  machine: CredentialMachine,
  cluster: LocalCluster,
  options: ProgramOptions,
): Promise<GiteaAddresses> {
  const output = await runKubectl(machine, cluster, ['get', 'localbuilds.idpbuilder.cnoe.io'], options);
  const url = 'problem' in output ? undefined : parseLocalbuilds(output.stdout, cluster.name);
  return url === undefined ? { urls: usualAddresses, isFromCluster: false } : { urls: [url], isFromCluster: true };
}

/** The address of Gitea in the list of localbuilds; undefined if there is none that can be used. */
export function parseLocalbuilds(stdout: string, cluster: string): string | undefined {
  const items = parseJson(localbuilds, stdout)?.items ?? [];
  const item = items.find(({ metadata }) => metadata.name === cluster) ?? (items.length === 1 ? items[0] : undefined);
  const options = item?.spec?.buildCustomization;
  // The status has the address only after Gitea has answered.
  return webAddress(item?.status?.gitea?.externalURL) ?? webAddress(options && addressBy(options));
}

interface Options {
  readonly protocol: string;
  readonly host: string;
  readonly port: string;
  readonly usePathRouting: boolean;
}

/** As `GiteaBaseUrl` of pkg/util/gitea.go. */
function addressBy({ protocol, host, port, usePathRouting }: Options): string {
  return usePathRouting ? `${protocol}://${host}:${port}/gitea` : `${protocol}://gitea.${host}:${port}`;
}

/** An address of http or https that consists of nothing but host, port and path. */
function webAddress(text: string | undefined): string | undefined {
  if (text === undefined || !URL.canParse(text)) return undefined;
  const { protocol, origin, pathname, username, password, search, hash } = new URL(text);
  const isPlain = [username, password, search, hash].every((part) => part === '');
  return isPlain && /^https?:$/.test(protocol) ? `${origin}${pathname.replace(/\/+$/, '')}` : undefined;
}
