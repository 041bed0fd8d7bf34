import { lookup } from 'node:dns/promises';
import { BlockList, isIP } from 'node:net';
import * as v from 'valibot';
import { lenient, listOf, readValue } from '../../base/json.ts';

/** The part of docker's `GET /info` about registries: the setting `insecure-registries` (moby, api/types/registry). */
const dockerInfo = v.object({
  RegistryConfig: v.object({
    IndexConfigs: v.fallback(v.record(v.string(), v.fallback(v.object({ Secure: v.boolean() }), { Secure: true })), {}),
    InsecureRegistryCIDRs: listOf(v.string()),
  }),
});

/** The same of `GET /libpod/info`: registries.conf. */
const podmanInfo = v.object({ registries: v.record(v.string(), v.unknown()) });
/** Of podman 4, `pkg/sysregistriesv2` in containers/image. */
const podmanRegistry = v.object({
  Insecure: lenient(v.boolean()),
  Location: lenient(v.string()),
  Mirrors: listOf(v.unknown()),
});

type Lookup = (name: string) => Promise<readonly { readonly address: string }[]>;

const systemLookup: Lookup = (name) => lookup(name, { all: true });

/**
 * True if docker reaches `host[:port]` without a check of its certificate, or by http: by its name, or by a network that one
 * of its addresses is in (moby, registry/config.go: isSecureIndex). A name that cannot be looked up here may be in one.
 */
export async function isInsecureForDocker(info: unknown, host: string, find: Lookup = systemLookup): Promise<boolean> {
  const { IndexConfigs = {}, InsecureRegistryCIDRs: networks = [] } = readValue(dockerInfo, info)?.RegistryConfig ?? {};
  const listed = Object.entries(IndexConfigs).find(([name]) => name === host);
  if (listed !== undefined) return !listed[1].Secure;
  const list = new BlockList();
  for (const network of networks) addNetwork(list, network);
  const name = new URL(`http://${host}`).hostname.replace(/^\[|\]$/g, '');
  if (isIP(name) !== 0) return isIn(list, name);
  // Docker's own entries. No name is looked up for them: one that leads here is recognized without.
  if (networks.every((network) => network === '127.0.0.0/8' || network === '::1/128')) return false;
  try {
    return (await find(name)).some(({ address }) => isIn(list, address));
  } catch {
    return true;
  }
}

/** What podman's settings say of `host[:port]` or of some of its repositories. */
export function registryForPodman(
  info: unknown,
  host: string,
): { readonly isInsecure: boolean; readonly isRedirected: boolean } {
  const registries = readValue(podmanInfo, info)?.registries ?? {};
  const found = Object.entries(registries).flatMap(([prefix, one]) => {
    const settings = isOfHost(prefix, host) ? readValue(podmanRegistry, one) : undefined;
    return settings === undefined ? [] : [{ prefix, ...settings }];
  });
  return {
    isInsecure: found.some(({ Insecure }) => Insecure === true),
    isRedirected: found.some(
      ({ prefix, Location = '', Mirrors }) => Mirrors.length > 0 || (Location !== '' && Location !== prefix),
    ),
  };
}

/** As containers-registries.conf(5) says of `prefix`: a host or `*.domain`, with any port if it has none. */
function isOfHost(prefix: string, host: string): boolean {
  const [name = ''] = prefix.split('/');
  const hosts = [host, host.replace(/:\d+$/, '')];
  return name.startsWith('*.') ? hosts.some((one) => one.endsWith(name.slice(1))) : hosts.includes(name);
}

function addNetwork(list: BlockList, network: string): void {
  const [address = '', bits = ''] = network.split('/');
  const family = isIP(address);
  if (family !== 0 && /^\d+$/.test(bits)) list.addSubnet(address, Number(bits), family === 6 ? 'ipv6' : 'ipv4');
}

function isIn(list: BlockList, address: string): boolean {
  return list.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4');
}
