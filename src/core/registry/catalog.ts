import * as l10n from '@vscode/l10n';
import * as v from 'valibot';
import { TeaChestError } from '../base/errors.ts';
import { listOf, parseJson } from '../base/json.ts';
import { readErrorResponse, serverMessage } from './errors/errorResponse.ts';
import { explainBusyServer } from './errors/explainBusyServer.ts';
import { explainSignInPage } from './errors/explainSignInPage.ts';
import type { RegistryResponse, Send } from './http/httpTypes.ts';
import { nextPage } from './http/nextPage.ts';

const namesPerPage = 100; // Gitea's maximum

interface CatalogOptions {
  readonly send: Send;
  readonly origin: string;
  readonly signal: AbortSignal;
  /** Names that come after this one, in the registry's order. */
  readonly after?: string | undefined;
}

/**
 * The repositories of a registry, page by page: `_catalog` of distribution, which is in no specification and which many
 * registries offer to nobody. Rejects with `catalogRefused` then.
 */
export async function* catalogPages(options: CatalogOptions): AsyncGenerator<readonly string[], void, void> {
  const { send, origin, signal, after } = options;
  let url: URL | undefined = new URL(`${origin}/v2/_catalog`);
  url.searchParams.set('n', String(namesPerPage));
  if (after !== undefined) url.searchParams.set('last', after);
  const seen = new Set<string>();
  while (url !== undefined) {
    const headers = { accept: 'application/json' };
    const response = await send({ method: 'GET', url, headers, signal, scopes: ['registry:catalog:*'] });
    const names = response.status === 200 ? parseJson(catalog, response.body)?.repositories : undefined;
    if (names === undefined) throw explainCatalog(response, new URL(origin).host);
    const fresh = names.filter((name) => !seen.has(name));
    if (fresh.length === 0) return;
    for (const name of fresh) seen.add(name);
    yield fresh;
    url = nextPage(response, url);
  }
}

const catalog = v.object({ repositories: listOf(v.string()) });

function explainCatalog(response: RegistryResponse, host: string): TeaChestError {
  const { status } = response;
  const special = explainBusyServer(response) ?? explainSignInPage(response, host);
  if (special !== undefined) return special;
  return new TeaChestError(
    'catalogRefused',
    l10n.t({
      message:
        '{host} does not list its repositories and answered {status}{detail}. Many registries list them for nobody, or only for administrators.',
      args: { host, status, detail: serverMessage(readErrorResponse(response, 'GET')) },
      comment: '{detail}: empty, or “: ” and what the server said',
    }),
    { facts: { host, status } },
  );
}
