import http from 'node:http';
import https from 'node:https';
import { syncBuiltinESMExports } from 'node:module';
import net from 'node:net';
import type { TestContext } from 'node:test';
import tls from 'node:tls';

const kept = ['localhost', '127.0.0.1'];

/**
 * Does to this process what VS Code's extension host does to its own for proxies and certificates (@vscode/proxy-agent;
 * `http.proxySupport`: `override`). Requests of node:http and node:https lose the agent that their caller gave, unless they
 * go to localhost or 127.0.0.1. net.connect and tls.connect connect later, on a socket that was made without options.
 */
export function patchAsEditorDoes(t: TestContext): void {
  const original = { http: { ...http }, https: { ...https }, net: net.connect, tls: tls.connect };
  const agents = { http: new http.Agent(), https: new https.Agent() };
  for (const name of ['request', 'get'] as const) {
    http[name] = withoutAgent(original.http[name], agents.http);
    https[name] = withoutAgent(original.https[name], agents.https);
  }
  net.connect = ((...given: Parameters<typeof net.connect>) => connectLater(given)) as typeof net.connect;
  tls.connect = ((options: tls.ConnectionOptions, ...more: (() => void)[]) => {
    if (options.ca !== undefined || options.socket !== undefined) return original.tls(options, ...more);
    return original.tls({ ...options, socket: connectLater([options]) }, ...more);
  }) as typeof tls.connect;
  syncBuiltinESMExports();
  t.after(() => {
    for (const name of ['request', 'get'] as const) {
      http[name] = original.http[name];
      https[name] = original.https[name];
    }
    net.connect = original.net;
    tls.connect = original.tls;
    syncBuiltinESMExports();
    agents.http.destroy();
    agents.https.destroy();
  });
}

function withoutAgent(original: typeof http.request, agent: http.Agent): typeof http.request {
  return (...given: [string | URL | http.RequestOptions, ...unknown[]]) => {
    const [first, ...rest] = given;
    const options = typeof first === 'string' || first instanceof URL ? optionsOf(new URL(first)) : { ...first };
    const more = typeof rest[0] === 'object' ? (rest.shift() as http.RequestOptions) : {};
    Object.assign(options, more);
    const host = options.host ?? options.hostname ?? 'localhost';
    if (!kept.includes(host) && (options.socketPath ?? '') === '') options.agent = agent;
    return original(options, rest[0] as (response: http.IncomingMessage) => void);
  };
}

function connectLater(given: readonly unknown[]): net.Socket {
  const socket = new net.Socket();
  Object.assign(socket, { connecting: true });
  setImmediate(() => {
    (socket.connect as (...all: readonly unknown[]) => void)(...given);
  });
  return socket;
}

function optionsOf({ hostname, port, pathname, search }: URL): http.RequestOptions {
  return { host: hostname, port, path: pathname + search };
}
