import * as l10n from '@vscode/l10n';
import { TeaChestError, type ErrorFacts } from '../../base/errors.ts';
import type { EngineEndpoint, EngineTls } from '../types.ts';

export interface EndpointOptions {
  /** Where the address was configured, for messages. */
  readonly source: string;
  readonly platform: NodeJS.Platform;
  /** For a tcp address; undefined for plain tcp. */
  readonly tls: EngineTls | undefined;
  /** For an ssh address: the file of the private key. Absent: ssh chooses. */
  readonly identity?: string | undefined;
}

type Address = EngineEndpoint['address'];

/** The ports of dockerd's documentation. */
const dockerPorts = { plain: 2375, tls: 2376 };

/**
 * Parses the value of DOCKER_HOST: `unix://`, `npipe://`, `tcp://`, `http://`, `https://`, `ssh://`, or without a scheme a
 * path or `host:port`. Throws `engineEndpointInvalid` for anything else.
 */
export function parseEndpoint(text: string, options: EndpointOptions): EngineEndpoint {
  const url = withScheme(text.trim());
  const scheme = url.slice(0, url.indexOf('://'));
  const rest = url.slice(scheme.length + '://'.length);
  const address = addressOf(scheme, rest, url, options);
  return { address, source: options.source, url };
}

/** The error for a configured address that cannot be used. */
export function endpointInvalid(
  source: string,
  why: string,
  { cause, facts = {} }: { readonly cause?: unknown; readonly facts?: ErrorFacts } = {},
): TeaChestError {
  return new TeaChestError(
    'engineEndpointInvalid',
    l10n.t`The engine’s address from ${source} cannot be used: ${why}.`,
    {
      stage: 'engine',
      cause,
      facts: { source, ...facts },
    },
  );
}

function withScheme(text: string): string {
  if (text.includes('://')) return text;
  return text.startsWith('/') ? `unix://${text}` : `tcp://${text}`;
}

function addressOf(scheme: string, rest: string, url: string, options: EndpointOptions): Address {
  switch (scheme) {
    case 'unix':
      return unixSocket(rest, options);
    case 'npipe':
      return namedPipe(rest, options);
    case 'tcp':
      return tcpAddress(url, options.tls, dockerPorts, options.source);
    case 'http':
      return tcpAddress(url, options.tls, { plain: 80, tls: 443 }, options.source);
    case 'https':
      return tcpAddress(url, options.tls ?? { verify: true }, { plain: 80, tls: 443 }, options.source);
    case 'ssh':
      return sshAddress(url, options);
    default:
      throw endpointInvalid(
        options.source,
        l10n.t`“${scheme}://” is not a way to reach an engine that Tea Chest knows`,
      );
  }
}

function unixSocket(path: string, { source, platform }: EndpointOptions): Address {
  if (platform === 'win32')
    throw endpointInvalid(source, l10n.t('Windows reaches engines by npipe://, not by unix://'));
  if (path === '') return { kind: 'socket', path: '/var/run/docker.sock' };
  if (!path.startsWith('/'))
    throw endpointInvalid(source, l10n.t`“${path}” is not a full path; it must begin with “/”`);
  return { kind: 'socket', path };
}

function namedPipe(path: string, { source, platform }: EndpointOptions): Address {
  if (platform !== 'win32') throw endpointInvalid(source, l10n.t('named pipes (npipe://) exist on Windows only'));
  const named = path === '' ? '//./pipe/docker_engine' : path.replaceAll('\\', '/');
  if (!/^\/\/[^/]+\/pipe\/./.test(named)) throw endpointInvalid(source, l10n.t`“${path}” is not the name of a pipe`);
  return { kind: 'socket', path: named };
}

function tcpAddress(
  url: string,
  tls: EngineTls | undefined,
  ports: { readonly plain: number; readonly tls: number },
  source: string,
): Address {
  const { host, port, path, user } = splitAuthority(url, source);
  if (user !== undefined)
    throw endpointInvalid(source, l10n.t('it has a user name in it, which engines do not understand'));
  if (path !== '')
    throw endpointInvalid(source, l10n.t`what follows the host (“${path}”) is not part of an engine’s address`);
  return { kind: 'tcp', host, port: port ?? (tls === undefined ? ports.plain : ports.tls), tls };
}

function sshAddress(url: string, { source, identity }: EndpointOptions): Address {
  const { host, port, path, user } = splitAuthority(url, source);
  if (user?.includes(':') === true) {
    throw endpointInvalid(source, l10n.t('it has a password in it; ssh takes keys, or asks by itself'));
  }
  // A shell on the other machine reads the path as part of a command.
  if (!/^[\w./-]*$/.test(path)) throw endpointInvalid(source, l10n.t`“${path}” is not a plain path of a socket`);
  const destination = user === undefined ? host : `${user}@${host}`;
  const key = identity === undefined || identity === '' ? {} : { identity };
  const address = { kind: 'ssh', destination, socket: path === '' ? undefined : path, ...key } as const;
  return port === undefined ? address : { ...address, port };
}

interface Authority {
  readonly host: string;
  readonly port: number | undefined;
  /** Without a lone slash. */
  readonly path: string;
  readonly user: string | undefined;
}

/** Not `URL`, which treats hosts of `tcp:` and `ssh:` as opaque and drops http's default ports. */
function splitAuthority(url: string, source: string): Authority {
  const match = /^\w+:\/\/(?:([^/]*)@)?(\[[0-9a-fA-F:.]+\]|[^/:@[\]?#\s]+)(?::(\d{1,5}))?(\/[^?#]*)?$/.exec(url);
  const host = match?.[2];
  if (match === null || host === undefined || host.startsWith('-')) {
    throw endpointInvalid(source, l10n.t('it is not of the form scheme://host:port'));
  }
  const port = match[3] === undefined ? undefined : Number(match[3]);
  if (port !== undefined && (port < 1 || port > 65_535)) throw endpointInvalid(source, l10n.t`${port} is not a port`);
  const path = match[4] === undefined || match[4] === '/' ? '' : match[4];
  return { host: host.replace(/^\[|\]$/g, ''), port, path, user: match[1] };
}
