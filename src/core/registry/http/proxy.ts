import { BlockList, isIP } from 'node:net';
import * as l10n from '@vscode/l10n';
import { joinSentences } from '../../base/joinSentences.ts';
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
  const source = isGiven
    ? (settings.source ??
      l10n.t({ message: 'the settings', comment: 'Where the address of a proxy is set. In “The proxy comes from …”' }))
    : l10n.t({
        message: 'the variable {0}',
        args: [variable.name],
        comment: 'Where the address of a proxy is set. In “The proxy comes from …”. {0}: such as HTTPS_PROXY',
      });
  const url = readProxyUrl(text, source);
  return {
    url,
    source,
    bypassList: isGiven
      ? (settings.bypassSource ??
        l10n.t({ message: 'the list of hosts without a proxy', comment: 'A setting. In “add {host} to …”' }))
      : 'NO_PROXY',
    authorization: settings.authorization ?? authorizationOf(url),
  };
}

function authorizationOf(proxy: URL): string | undefined {
  if (proxy.username === '') return undefined;
  const pair = `${decodeURIComponent(proxy.username)}:${decodeURIComponent(proxy.password)}`;
  return `Basic ${Buffer.from(pair, 'utf8').toString('base64')}`;
}

export function refusedByProxy(proxy: Proxy, target: URL, status: number): TeaChestError {
  const hosts = [proxy.url.host, target.host] as const;
  const message =
    status === 407
      ? l10n.t`The proxy ${hosts[0]} did not let us through to ${hosts[1]}: it wants a user name and a password (407).`
      : l10n.t`The proxy ${hosts[0]} did not let us through to ${hosts[1]}: it answered ${status}.`;
  return proxyFailed(proxy, target, message, { facts: { status } });
}

/** `why`: the end of a sentence, after a colon. */
export function unusableProxy(proxy: Proxy, target: URL, why: string, cause: unknown): TeaChestError {
  const message = l10n.t({
    message: 'The proxy {proxy} cannot be used to reach {host}: {why}.',
    args: { proxy: proxy.url.host, host: target.host, why: why.replace(/\.$/, '') },
    comment: '{why}: such as “nobody listens on that port”',
  });
  return proxyFailed(proxy, target, message, { cause });
}

function proxyFailed(
  proxy: Proxy,
  target: URL,
  message: string,
  { cause, facts }: TeaChestErrorOptions,
): TeaChestError {
  return new TeaChestError('proxyFailed', joinSentences(message, whereFrom(proxy, target)), {
    cause,
    facts: { proxy: proxy.url.host, host: target.host, source: proxy.source, ...facts },
  });
}

/** The editor's settings also hold in a remote window, where a proxy on the person's own machine cannot be reached. */
function whereFrom({ source, bypassList }: Proxy, target: URL): string {
  return l10n.t({
    message:
      'The proxy comes from {source} and is used by the machine on which Tea Chest runs. If {host} can be reached from there without it, add {name} to {list}.',
    args: { source, host: target.host, name: target.hostname, list: bypassList },
    comment: [
      '{source}: where it is set, such as “the variable HTTPS_PROXY” or “VS Code’s setting http.proxy”. ',
      '{list}: where hosts without a proxy are listed, such as “NO_PROXY”. {name}: the host without its port',
    ],
  });
}

function readProxyUrl(text: string, source: string): URL {
  let url: URL;
  try {
    url = new URL(text.includes('://') ? text : `http://${text}`);
    authorizationOf(url);
  } catch (error) {
    // The text itself may hold a password, so it is not repeated; neither is the cause, which would quote it.
    throw new TeaChestError(
      'proxyFailed',
      l10n.t({
        message: 'The address of the proxy, from {source}, is not a URL.',
        args: { source },
        comment: '{source}: where it is set, such as “the variable HTTPS_PROXY”',
      }),
      {
        facts: { source, reason: error instanceof Error ? error.name : 'Error' },
      },
    );
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw new TeaChestError(
      'proxyFailed',
      l10n.t({
        message: 'A proxy of the kind {scheme} (from {source}) is not supported, only http and https.',
        args: { scheme: `${url.protocol}//`, source },
        comment: '{scheme}: such as “socks5://”. {source}: where it is set, such as “the variable HTTPS_PROXY”',
      }),
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
