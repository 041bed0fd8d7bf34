import { BlockList, isIP } from 'node:net';
import { TeaChestError } from '../base/errors.ts';
import type { ProxySettings } from './types.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The proxy by which `target` is reached, or undefined for the direct way. A given URL comes before the environment's
 * HTTPS_PROXY or HTTP_PROXY (either case); both bypass lists hold. Loopback hosts are never reached by a proxy.
 */
export function chooseProxy(target: URL, settings: ProxySettings, environment: Environment): URL | undefined {
  const bypass = [...settings.bypass, ...entries(read(environment, 'no_proxy'))];
  if (isLoopback(target.hostname) || bypass.some((entry) => matches(entry, target))) return undefined;
  const fromEnvironment = read(environment, target.protocol === 'https:' ? 'https_proxy' : 'http_proxy');
  const text = settings.url ?? fromEnvironment;
  return text === undefined || text.trim() === '' ? undefined : readProxyUrl(text.trim());
}

/** The value of Proxy-Authorization for the credentials in a proxy's URL; undefined if it has none. */
export function proxyAuthorization(proxy: URL): string | undefined {
  if (proxy.username === '') return undefined;
  const pair = `${decodeURIComponent(proxy.username)}:${decodeURIComponent(proxy.password)}`;
  return `Basic ${Buffer.from(pair, 'utf8').toString('base64')}`;
}

function readProxyUrl(text: string): URL {
  let url: URL;
  try {
    url = new URL(text.includes('://') ? text : `http://${text}`);
    proxyAuthorization(url);
  } catch (error) {
    // The text itself may hold a password, so it is not repeated; neither is the cause, which would quote it.
    throw new TeaChestError('proxyFailed', 'The address of the proxy is not a URL.', {
      facts: { reason: error instanceof Error ? error.name : 'Error' },
    });
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw new TeaChestError(
      'proxyFailed',
      `A proxy of the kind ${url.protocol}// is not supported, only http and https.`,
    );
  }
  return url;
}

function read(environment: Environment, name: string): string | undefined {
  return environment[name] ?? environment[name.toUpperCase()];
}

function entries(list: string | undefined): string[] {
  return (list ?? '').split(/[\s,]+/).filter((entry) => entry !== '');
}

function isLoopback(hostname: string): boolean {
  return (
    hostname === 'localhost' || hostname.endsWith('.localhost') || hostname === '[::1]' || hostname.startsWith('127.')
  );
}

/** `*`, `example.com` (with what is below it), `.example.com`, `*.example.com`, `host:8443`, an address, a CIDR block. */
function matches(entry: string, target: URL): boolean {
  if (entry === '*') return true;
  const hostname = target.hostname.replace(/^\[|\]$/g, '').toLowerCase();
  if (entry.includes('/')) return inBlock(entry, hostname);
  const { name, port } = splitPort(entry.toLowerCase());
  if (port !== undefined && port !== (target.port || (target.protocol === 'https:' ? '443' : '80'))) return false;
  const domain = name.replace(/^\*?\./, '');
  return hostname === domain || (isIP(hostname) === 0 && hostname.endsWith(`.${domain}`));
}

function splitPort(entry: string): { name: string; port: string | undefined } {
  const match = /^(?:\[(?<v6>[^\]]+)\]|(?<name>[^:]*))(?::(?<port>\d+))?$/.exec(entry);
  if (match?.groups === undefined) return { name: entry, port: undefined };
  return { name: match.groups['v6'] ?? match.groups['name'] ?? '', port: match.groups['port'] };
}

function inBlock(block: string, hostname: string): boolean {
  const family = isIP(hostname);
  const [network = '', bits = ''] = block.split('/');
  if (family === 0 || isIP(network) !== family || !/^\d{1,3}$/.test(bits)) return false;
  const list = new BlockList();
  try {
    list.addSubnet(network, Number(bits), family === 4 ? 'ipv4' : 'ipv6');
  } catch {
    return false;
  }
  return list.check(hostname, family === 4 ? 'ipv4' : 'ipv6');
}
