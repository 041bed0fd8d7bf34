import { BlockList, isIP } from 'node:net';

interface Networks {
  readonly loopback: BlockList;
  readonly near: BlockList;
}

let known: Networks | undefined;

function networks(): Networks {
  known ??= { loopback: loopbackNetworks(), near: nearNetworks() };
  return known;
}

function loopbackNetworks(): BlockList {
  const loopback = new BlockList();
  loopback.addSubnet('127.0.0.0', 8);
  loopback.addAddress('::1', 'ipv6');
  return loopback;
}

/** RFC 1918, RFC 3927, RFC 6598 (carrier and overlay networks), RFC 4193, RFC 4291 §2.5.6. */
function nearNetworks(): BlockList {
  const near = new BlockList();
  near.addSubnet('10.0.0.0', 8);
  near.addSubnet('172.16.0.0', 12);
  near.addSubnet('192.168.0.0', 16);
  near.addSubnet('169.254.0.0', 16);
  near.addSubnet('100.64.0.0', 10);
  near.addSubnet('fc00::', 7, 'ipv6');
  near.addSubnet('fe80::', 10, 'ipv6');
  return near;
}

/** Names that never leave the machine (RFC 6761) or the local network (RFC 6762, RFC 8375), and names without a dot. */
const localNames = /(^|\.)localhost$|(^|\.)localtest\.me$/;
const nearNames = /\.(local|lan|internal|home\.arpa)$|^[^.]+$/;

/** How far a registry is, by its host alone (`host[:port]`): no name is looked up. */
export function networkScope(host: string): 'loopback' | 'private' | 'public' {
  const name = new URL(`http://${host}`).hostname.replace(/^\[|\]$/g, '').toLowerCase();
  const family = isIP(name);
  if (family === 0) return localNames.test(name) ? 'loopback' : nearNames.test(name) ? 'private' : 'public';
  const type = family === 6 ? 'ipv6' : 'ipv4';
  const { loopback, near } = networks();
  return loopback.check(name, type) ? 'loopback' : near.check(name, type) ? 'private' : 'public';
}
