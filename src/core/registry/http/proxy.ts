import { BlockList, isIP } from 'node:net';
import * as l10n from '@vscode/l10n';
import { TeaChestError, type TeaChestErrorOptions } from '../../base/errors.ts';
import type { ProxySettings } from '../types.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** A proxy, and what messages about it need. */
export interface Proxy {
  readonly url: URL;
  /** Where it is configured: `the variable HTTPS_PROXY`. */
  readonly source: string;
  /** Where hosts that need no proxy can be listed: `NO_PROXY`. */
  readonly bypassList: string;
  /** The value of Proxy-Authorization; undefined if there are no credentials. */
  readonly authorization: string | undefined;
}

/**
 * The proxy for `target`, or undefined for a direct connection. A given URL comes before the environment's
 * HTTPS_PROXY or HTTP_PROXY (either case); both bypass lists hold. Loopback hosts are never reached by a proxy.
 */
export function chooseProxy(target: URL, settings: ProxySettings, environment: Environment): Proxy | undefined {
  const bypass = [...settings.bypass, ...entries(read(environment, 'no_proxy')?.value)];
  if (isLoopback(target.hostname) || bypass.some((entry) => matches(entry, target))) return undefined;
  const variable = read(environment, target.protocol === 'https:' ? 'https_proxy' : 'http_proxy');
  const text = (settings.url ?? variable?.value)?.trim() ?? '';
  if (text === '') return undefined;
  const isGiven = settings.url !== undefined || variable === undefined;
  const source = isGiven ? (settings.source ?? l10n.t('the settings')) : l10n.t`the variable ${variable.name}`;
  const url = readProxyUrl(text, source);
  return {
    url,
    source,
    bypassList: isGiven ? (settings.bypassSource ?? l10n.t('the list of hosts without a proxy')) : 'NO_PROXY',
    authorization: settings.authorization ?? authorizationOf(url),
  };
}

function authorizationOf(proxy: URL): string | undefined {
  if (proxy.username === '') return undefined;
  const pair = `${decodeURIComponent(proxy.username)}:${decodeURIComponent(proxy.password)}`;
  return `Basic ${Buffer.from(pair, 'utf8').toString('base64')}`;
}

export function refusedByProxy(proxy: Proxy, target: URL, status: number): TeaChestError {
  const why = status === 407 ? l10n.t('it wants a user name and a password (407)') : l10n.t`it answered ${status}`;
  return proxyFailed(proxy, target, l10n.t`did not let us through to ${target.host}: ${why}`, { facts: { status } });
}

export function unusableProxy(proxy: Proxy, target: URL, why: string, cause: unknown): TeaChestError {
  return proxyFailed(proxy, target, l10n.t`cannot be used to reach ${target.host}: ${why.replace(/\.$/, '')}`, {
    cause,
  });
}

function proxyFailed(proxy: Proxy, target: URL, what: string, { cause, facts }: TeaChestErrorOptions): TeaChestError {
  const { host } = proxy.url;
  return new TeaChestError('proxyFailed', l10n.t`The proxy ${host} ${what}. ${whereFrom(proxy, target)}`, {
    cause,
    facts: { proxy: host, host: target.host, source: proxy.source, ...facts },
  });
}

/** The editor's settings also hold in a remote window, where a proxy on the person's own machine cannot be reached. */
function whereFrom({ source, bypassList }: Proxy, target: URL): string {
  return (
    l10n.t`The proxy comes from ${source} and is used by the machine on which Tea Chest runs. ` +
    l10n.t`If ${target.host} can be reached from there without it, add ${target.hostname} to ${bypassList}.`
  );
}

function readProxyUrl(text: string, source: string): URL {
  let url: URL;
  try {
    url = new URL(text.includes('://') ? text : `http://${text}`);
    authorizationOf(url);
  } catch (error) {
    // The text itself may hold a password, so it is not repeated; neither is the cause, which would quote it.
    throw new TeaChestError('proxyFailed', l10n.t`The address of the proxy, from ${source}, is not a URL.`, {
      facts: { source, reason: error instanceof Error ? error.name : 'Error' },
    });
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw new TeaChestError(
      'proxyFailed',
      l10n.t`A proxy of the kind ${url.protocol}// (from ${source}) is not supported, only http and https.`,
      { facts: { source } },
    );
  }
  return url;
}

function read(environment: Environment, name: string): { readonly name: string; readonly value: string } | undefined {
  for (const one of [name, name.toUpperCase()]) {
    const value = environment[one];
    // An empty one is as good as none (curl and Go do so as well).
    if (value !== undefined && value !== '') return { name: one, value };
  }
  return undefined;
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
