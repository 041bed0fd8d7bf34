import http from 'node:http';
import https from 'node:https';
import { syncBuiltinESMExports } from 'node:module';
import type { TestContext } from 'node:test';

const kept = ['localhost', '127.0.0.1'];

/**
 * Does to this process what VS Code's extension host does to its own for proxies (`http.proxySupport`: `override`): every
 * request of node:http and node:https loses the agent that its caller gave, unless it goes to localhost or 127.0.0.1.
 */
export function patchAsEditorDoes(t: TestContext): void {
  const original = { http: { ...http }, https: { ...https } };
  const agents = { http: new http.Agent(), https: new https.Agent() };
  const restore = (): void => {
    for (const name of ['request', 'get'] as const) {
      http[name] = original.http[name];
      https[name] = original.https[name];
    }
    syncBuiltinESMExports();
    agents.http.destroy();
    agents.https.destroy();
  };
  for (const name of ['request', 'get'] as const) {
    http[name] = patched(original.http[name], agents.http);
    https[name] = patched(original.https[name], agents.https);
  }
  syncBuiltinESMExports();
  t.after(restore);
}

function patched(original: typeof http.request, agent: http.Agent): typeof http.request {
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

function optionsOf({ hostname, port, pathname, search }: URL): http.RequestOptions {
  return { host: hostname, port, path: pathname + search };
}
