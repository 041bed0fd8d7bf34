import * as l10n from '@vscode/l10n';
import { TeaChestError } from '../../base/errors.ts';
import { inspectCertificate } from './tls/inspectCertificate.ts';
import { header, type RegistryResponse } from './httpTypes.ts';
import type { Environment } from './proxy.ts';
import { createTransport } from './transport.ts';
import type { ProxySettings, RegistryAddress } from '../types.ts';

/** Milliseconds: a person is waiting, and one request has failed already. */
const deadline = 5_000;

interface ProbeOptions {
  readonly address: RegistryAddress;
  readonly proxy: ProxySettings;
  readonly environment: Environment;
  readonly userAgent: string;
  readonly signal: AbortSignal;
}

/**
 * Checks whether a registry that did not answer would answer by the other scheme (gitea #24466: an https client at an http
 * server sees only EOF). Gives the better error if so, else `failure`. Sends no credential.
 */
export async function tryOtherScheme(failure: TeaChestError, options: ProbeOptions): Promise<TeaChestError> {
  const couldBe = failure.code === 'plainHttp' || failure.code === 'registryUnreachable';
  const { system = '', httpNotAllowed } = failure.facts;
  const isNobodyThere = ['ENOTFOUND', 'EAI_AGAIN', 'ETIMEDOUT', 'EHOSTUNREACH'].includes(system);
  if (!couldBe || isNobodyThere || httpNotAllowed === true) return failure;
  const { host, origin } = options.address;
  const probe = { ...options, signal: AbortSignal.any([options.signal, AbortSignal.timeout(deadline)]) };
  const answers = origin.startsWith('https:') ? await answersHttp(probe) : await answersHttps(probe);
  if (!answers) return failure;
  const isHttps = origin.startsWith('https:');
  const suggestion = isHttps ? `http://${host}` : `https://${host}`;
  const message = isHttps
    ? l10n.t`${host} speaks plain http, not https. It answers at ${suggestion}.`
    : l10n.t`${host} speaks https, not plain http. It answers at ${suggestion}.`;
  return new TeaChestError('plainHttp', message, {
    cause: failure,
    facts: { host, suggestion },
  });
}

async function answersHttp({ address, proxy, environment, userAgent, signal }: ProbeOptions): Promise<boolean> {
  const origin = `http://${address.host}`;
  const transport = createTransport({
    address: { ...address, origin },
    trust: { allowHttp: true },
    proxy,
    environment,
    userAgent,
  });
  try {
    const response = await transport.send({ method: 'GET', url: new URL(`${origin}/v2/`), signal });
    // Only a registry's own answer counts (distribution spec, "Determining Support"): a TLS server answers 400, one that
    // redirects to https 301, and a proxy has answers of its own.
    return (response.status === 200 || response.status === 401) && isRegistry(response);
  } catch {
    return false;
  } finally {
    await transport.close();
  }
}

/** By its challenge, its version header, or the empty object that an open registry answers with. */
function isRegistry(response: RegistryResponse): boolean {
  const names = ['docker-distribution-api-version', 'www-authenticate'];
  if (names.some((name) => header(response, name) !== undefined)) return true;
  return response.status === 200 && /^\s*\{/.test(response.body.toString('latin1', 0, 64));
}

async function answersHttps({ address, proxy, environment, signal }: ProbeOptions): Promise<boolean> {
  try {
    await inspectCertificate({ ...address, origin: `https://${address.host}` }, { proxy, environment, signal });
    return true;
  } catch {
    return false;
  }
}
