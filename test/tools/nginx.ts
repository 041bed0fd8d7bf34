import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { needCommand } from './findCommand.ts';
import { freePort } from './freePort.ts';
import { onThisMachine, type Within } from './netns.ts';
import { makeScratch } from './scratch.ts';
import { startService, waitFor } from './service.ts';

/** The configuration of nginx in front of a registry. What is absent has nginx's default. */
export interface NginxOptions {
  /** `client_max_body_size` as nginx writes it, such as `1m`; `0` for none. nginx's own is 1 MB. */
  readonly bodyLimit?: string;
  /** `proxy_read_timeout`: how long the server may be silent after it was sent a request. nginx's own are 60. */
  readonly timeoutSeconds?: number;
  /** Methods that are answered with this status and nginx's own HTML, and never reach the server. */
  readonly refusedMethods?: Readonly<Record<string, 403 | 405 | 501>>;
  /** `proxy_hide_header`: headers of the server's answers that the client does not see. */
  readonly hiddenHeaders?: readonly string[];
  /** `proxy_request_buffering`: false passes a body on while it comes; nginx stores it first by itself. */
  readonly requestBuffering?: boolean;
  /** `keepalive_timeout`: how long a connection may be idle; 0 closes it after each answer. nginx's own are 75. */
  readonly keepAliveSeconds?: number;
  /** Speaks HTTP/2 where the client offers it in the TLS handshake. With `tls` alone. */
  readonly http2?: boolean;
  /** Redirects (302) requests without the cookie of the sign-in gateway to a page on another origin, as oauth2-proxy does. */
  readonly signInGateway?: boolean;
  /** False: the server gets nginx's own upstream address as Host, as with a `proxy_pass` without further settings. */
  readonly passHost?: boolean;
  /** Ends TLS with this certificate; absent: plain http. */
  readonly tls?: { readonly certificatePem: string; readonly privateKeyPem: string };
  /** A free one by default. */
  readonly port?: number;
  /** The hosts that it has, as the ingress of a cluster; all others are answered with 404. */
  readonly ingress?: IngressRoutes;
  /** Where it listens; 127.0.0.1 by default. `::` is every address, of both families. */
  readonly address?: string;
  /** The host it runs on; this machine by default. */
  readonly within?: Within;
}

/** The ingress of idpbuilder's Gitea (hack/gitea/ingress.yaml.tmpl), which takes bodies of 1024 MB. */
export interface IngressRoutes {
  readonly hosts: readonly string[];
  /** `--use-path-routing`: `/gitea` leads to the pages, and both `/v2` and `/v2/gitea` to the registry. */
  readonly usePathRouting: boolean;
}

export interface Nginx {
  /** `127.0.0.1:port`. */
  readonly host: string;
  readonly origin: string;
  /** The page of the sign-in gateway; undefined without one. */
  readonly signInPage: string | undefined;
  /** nginx's error log. */
  output(): string;
  stop(): Promise<void>;
}

/** Debian's nginx before `server`: `host:port` for plain http, or an origin. */
export async function startNginx(server: string, options: NginxOptions = {}): Promise<Nginx> {
  const program = needCommand('nginx', 'nginx-light');
  const scratch = await makeScratch('nginx');
  const address = options.address ?? '127.0.0.1';
  const host = `${bracketed(address)}:${options.port ?? (await portAt(address, options.within))}`;
  const gateway =
    options.signInGateway === true ? `${bracketed(address)}:${await portAt(address, options.within)}` : undefined;
  const signInPage = gateway === undefined ? undefined : `http://${gateway}/sign-in`;
  await writeFile(join(scratch.path, 'cert.pem'), options.tls?.certificatePem ?? '');
  await writeFile(join(scratch.path, 'key.pem'), options.tls?.privateKeyPem ?? '', { mode: 0o600 });
  await writeFile(join(scratch.path, 'sign-in.html'), '<html><head><title>Sign in</title></head></html>\n');
  const configFile = join(scratch.path, 'nginx.conf');
  const servers = [
    serverBlock(server, host, signInPage, options),
    ...(gateway === undefined ? [] : [signInBlock(gateway)]),
    ...(options.ingress === undefined ? [] : [otherHosts(host, options)]),
  ];
  await writeFile(configFile, await configuration(scratch.path, servers));
  const within = options.within ?? onThisMachine;
  const [command, ...args] = within([program, '-c', configFile, '-p', scratch.path]);
  const service = startService(command, args, {
    logFile: join(scratch.path, 'log'),
    folders: [scratch.path],
  });
  const stop = async (): Promise<void> => {
    await service.stop();
    await scratch.remove();
  };
  try {
    await waitFor('nginx', service, () => (service.output().includes('start worker process') ? true : undefined));
    const origin = `${options.tls === undefined ? 'http' : 'https'}://${host}`;
    return { host, origin, signInPage, output: () => service.output(), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function configuration(folder: string, servers: readonly string[]): Promise<string> {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  await Promise.all(temporary.map((name) => mkdir(join(folder, name))));
  const lines = [
    'daemon off;',
    ...(process.getuid?.() === 0 ? ['user root;'] : []),
    'worker_processes 1;',
    `pid ${folder}/pid;`,
    'error_log stderr notice;',
    'events {}',
    'http {',
    'access_log off;',
    ...temporary.map((name) => `${name}_temp_path ${folder}/${name};`),
    ...servers,
    '}',
  ];
  return `${lines.join('\n')}\n`;
}

/** What an ingress answers for a host that it does not have: the default backend. */
function otherHosts(host: string, { tls }: NginxOptions): string {
  const flags = tls === undefined ? ['default_server'] : ['ssl', 'default_server'];
  const certificate = tls === undefined ? '' : 'ssl_certificate cert.pem; ssl_certificate_key key.pem;';
  return ['server {', `listen ${[host, ...flags].join(' ')};`, certificate, 'return 404;', '}'].join('\n');
}

/** The paths of the server, each with how it is rewritten. */
function locations(ingress: IngressRoutes | undefined): readonly { readonly path: string; readonly rewrite: string }[] {
  if (ingress?.usePathRouting !== true) return [{ path: '/', rewrite: '' }];
  return [
    { path: '~ ^/v2/gitea(/|$)', rewrite: 'rewrite ^/v2/gitea(?:/|$)(.*) /v2/$1 break;' },
    { path: '/v2', rewrite: '' },
    { path: '~ ^/gitea(/|$)', rewrite: 'rewrite ^/gitea(?:/|$)(.*) /$1 break;' },
  ];
}

function serverBlock(server: string, host: string, signInPage: string | undefined, options: NginxOptions): string {
  const { bodyLimit, timeoutSeconds, requestBuffering, keepAliveSeconds, tls, ingress } = options;
  const given = (line: string, value: unknown): string[] => (value === undefined ? [] : [line]);
  const flags = [
    ...(options.address === '::' ? ['ipv6only=off'] : []),
    ...(tls === undefined ? [] : ['ssl']),
    ...(options.http2 === true ? ['http2'] : []),
  ];
  return [
    'server {',
    `listen ${[host, ...flags].join(' ')};`,
    ...given('ssl_certificate cert.pem; ssl_certificate_key key.pem;', tls),
    ...given(`client_max_body_size ${bodyLimit ?? ''};`, bodyLimit),
    ...given(`keepalive_timeout ${keepAliveSeconds ?? ''};`, keepAliveSeconds),
    ...given(`server_name ${ingress?.hosts.join(' ') ?? ''};`, ingress),
    ...given('client_max_body_size 1024m;', ingress),
    ...locations(ingress).flatMap(({ path, rewrite }) => [
      `location ${path} {`,
      rewrite,
      ...Object.entries(options.refusedMethods ?? {}).map(
        ([method, status]) => `if ($request_method = ${method}) { return ${status}; }`,
      ),
      ...given(`if ($cookie_gateway = "") { return 302 ${signInPage ?? ''}?rd=$request_uri; }`, signInPage),
      `proxy_pass ${server.includes('://') ? server : `http://${server}`};`,
      'proxy_http_version 1.1;',
      ...(options.passHost === false ? [] : ['proxy_set_header Host $http_host;']),
      'proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;',
      'proxy_set_header X-Forwarded-Proto $scheme;',
      ...given(`proxy_read_timeout ${timeoutSeconds ?? ''}s;`, timeoutSeconds),
      ...given(`proxy_request_buffering ${requestBuffering === true ? 'on' : 'off'};`, requestBuffering),
      ...(options.hiddenHeaders ?? []).map((name) => `proxy_hide_header ${name};`),
      '}',
    ]),
    '}',
  ].join('\n');
}

/** The page of a gateway, which answers everything with HTML and 200. */
function signInBlock(host: string): string {
  return ['server {', `listen ${host};`, 'root .;', 'location / { try_files /sign-in.html =404; }', '}'].join('\n');
}

/** A host of a test's own has no port in use that it was not given. */
const portAt = (address: string, within: Within | undefined): Promise<number> =>
  freePort(within === undefined ? address : '127.0.0.1');

const bracketed = (address: string): string => (address.includes(':') ? `[${address}]` : address);
