import * as l10n from '@vscode/l10n';
import { parseImageReference } from '../oci/imageReference.ts';
import type { CredentialMachine } from './credentialMachine.ts';
import { storedLogins } from './findLogins.ts';
import { remoteServer } from './gitRemotes.ts';
import type { FoundLogin } from './login.ts';
import { readRegistryKey, type RegistryKey } from './registryKey.ts';

/** An address that a person may want to sign in to. */
export interface FoundAddress {
  readonly url: string;
  /** `git remote`, `Docker (config.json)` */
  readonly sources: readonly string[];
}

/** Registries of everybody's, and hosts of code that are none of the person's own: nobody pushes there with this tool. */
const publicHosts = [
  ...['docker.io', 'ghcr.io', 'quay.io', 'gcr.io', 'pkg.dev', 'mcr.microsoft.com', 'azurecr.io', 'public.ecr.aws'],
  ...['amazonaws.com', 'registry.k8s.io', 'lscr.io', 'docker.elastic.co', 'nvcr.io', 'redhat.com', 'redhat.io'],
  ...['github.com', 'gitlab.com', 'bitbucket.org', 'dev.azure.com', 'visualstudio.com', 'googlesource.com'],
];

/**
 * The addresses that this machine names: git remotes, logins of other programs, names of images. One row for each host;
 * an address with a scheme wins over one without, and https over http, which an untrusted folder's remote may name.
 */
export async function findAddresses(
  machine: CredentialMachine,
  named: { readonly remotes: readonly string[]; readonly images: readonly string[] },
): Promise<readonly FoundAddress[]> {
  const { logins } = await storedLogins(machine);
  const candidates = [
    ...named.remotes.map((remote) => ({
      address: remoteServer(remote),
      source: l10n.t({ message: 'git remote', comment: 'Where an address was found. Beside the address' }),
      isServer: true,
    })),
    { address: machine.env['GITEA_SERVER_URL'], source: 'GITEA_SERVER_URL', isServer: true },
    ...logins.map((login) => ({ address: addressOf(login), source: login.name, isServer: false })),
    ...named.images.map((image) => ({
      address: registryOf(image),
      source: l10n.t({ message: 'name of an image', comment: 'Where an address was found. Beside the address' }),
      isServer: false,
    })),
  ];
  return merge(candidates.flatMap(({ address, ...found }) => (address === undefined ? [] : [{ address, ...found }])));
}

/** The usual address of idpbuilder's Gitea (its documentation; `--host` and `--port` change it). */
const localIdpbuilder = 'https://gitea.cnoe.localtest.me:8443';

function addressOf({ scope, source }: FoundLogin): string | undefined {
  if (source === 'environment' || scope === 'anyRegistry') return undefined;
  return scope === 'localRegistry' ? localIdpbuilder : scope.address;
}

interface Candidate {
  readonly address: string;
  /** For a person. */
  readonly source: string;
  /** The path of a server's address is the sub-path of the install; that of a login is an owner. */
  readonly isServer: boolean;
}

function merge(candidates: readonly Candidate[]): readonly FoundAddress[] {
  const rows = new Map<string, { url: string; scheme: RegistryKey['scheme']; sources: Set<string> }>();
  for (const { address, source, isServer } of candidates) {
    const key = readRegistryKey(address);
    if (key === undefined || isPublic(key.host)) continue;
    const { scheme } = key;
    const { host } = new URL(`${key.scheme ?? 'https'}://${key.host}`);
    const path = isServer && key.path !== '' ? `/${key.path}` : '';
    const url = `${key.scheme ?? 'https'}://${host}${path}`;
    const row = rows.get(host);
    if (row === undefined) rows.set(host, { url, scheme, sources: new Set([source]) });
    else {
      row.sources.add(source);
      const isBetter =
        (scheme === 'https' && row.scheme !== 'https') || (scheme !== undefined && row.scheme === undefined);
      if (isBetter) Object.assign(row, { url, scheme });
    }
  }
  return [...rows.values()].map(({ url, sources }) => ({ url, sources: [...sources] }));
}

function isPublic(host: string): boolean {
  const name = host.replace(/:\d+$/, '');
  return publicHosts.some((hub) => name === hub || name.endsWith(`.${hub}`));
}

/** Podman names images that it has built `localhost/app`: that is no address. */
function registryOf(image: string): string | undefined {
  try {
    const { registry } = parseImageReference(image);
    return registry === 'localhost' ? undefined : registry;
  } catch {
    return undefined;
  }
}
