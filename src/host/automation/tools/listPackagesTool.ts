import * as l10n from '@vscode/l10n';
import type * as vscode from 'vscode';
import { TeaChestError } from '../../../core/base/errors.ts';
import { listImages } from '../../../core/gitea/browse/listImages.ts';
import { listTags } from '../../../core/gitea/browse/listTags.ts';
import type { RegistryContents } from '../../../core/gitea/browse/registryContents.ts';
import type { Connection } from '../../connections/connection.ts';
import type { ConnectionStore } from '../../connections/connectionStore.ts';
import { withSignal } from '../../progress/cancellation.ts';
import type { RegistryBrowser } from '../../registry/registryBrowser.ts';
import { hasOwners } from '../../targets/settleTarget.ts';
import { readListPackagesInput, type ListPackagesInput } from './toolInput.ts';
import { runTool, toolResult } from './toolResult.ts';

export interface ListPackagesDependencies {
  readonly store: Pick<ConnectionStore, 'list' | 'findByHost'>;
  readonly access: RegistryBrowser;
}

const longestList = 100;
const timeLimitMs = 30_000;

/** The language-model tool `teaChest_listPackages`: images or tags of a registry that the person signed in to. */
export class ListPackagesTool implements vscode.LanguageModelTool<ListPackagesInput> {
  readonly #dependencies: ListPackagesDependencies;

  constructor(dependencies: ListPackagesDependencies) {
    this.#dependencies = dependencies;
  }

  async prepareInvocation({
    input,
  }: vscode.LanguageModelToolInvocationPrepareOptions<ListPackagesInput>): Promise<vscode.PreparedToolInvocation> {
    return await runTool(() => {
      const { host } = this.#connection(readListPackagesInput(input).registry) ?? {};
      const invocationMessage = host === undefined ? l10n.t('Listing registries') : l10n.t`Listing packages of ${host}`;
      return Promise.resolve({ invocationMessage });
    });
  }

  async invoke(
    { input }: vscode.LanguageModelToolInvocationOptions<ListPackagesInput>,
    token: vscode.CancellationToken,
  ): Promise<vscode.LanguageModelToolResult> {
    return await runTool(() =>
      withSignal(token, async (cancelled) => {
        const read = readListPackagesInput(input);
        const signal = AbortSignal.any([cancelled, AbortSignal.timeout(timeLimitMs)]);
        const registries = this.#dependencies.store
          .list()
          .map(({ host, kind, username }) => ({ host, kind, username }));
        const connection = this.#connection(read.registry);
        if (connection === undefined) {
          if (read.registry === undefined && registries.length !== 0) return toolResult({ registries });
          throw notSignedIn(read.registry);
        }
        return toolResult(await this.#list(connection, read, signal));
      }),
    );
  }

  /** The registry that is named, or the only one. */
  #connection(host: string | undefined): Connection | undefined {
    const { store } = this.#dependencies;
    if (host !== undefined) return store.findByHost(host);
    const [only, ...others] = store.list();
    return others.length === 0 ? only : undefined;
  }

  async #list(connection: Connection, input: ListPackagesInput, signal: AbortSignal): Promise<Record<string, unknown>> {
    const { access } = this.#dependencies;
    const contents = await access.contents(connection);
    const { host } = connection;
    if (!hasOwners(connection.kind)) {
      if (input.image !== undefined) return { host, ...(await tagsOf(contents, input.image, signal)) };
      return { host, ...(await imagesOf(contents, undefined, signal)) };
    }
    const { names } = await access.owners(connection);
    const owner = (input.owner ?? names[0] ?? connection.username).toLowerCase();
    const found =
      input.image === undefined
        ? await imagesOf(contents, owner, signal)
        : await tagsOf(contents, `${owner}/${input.image}`, signal);
    return { host, owner, ownersWithPushAccess: names, ...found };
  }
}

async function imagesOf(
  contents: RegistryContents,
  owner: string | undefined,
  signal: AbortSignal,
): Promise<Record<string, unknown>> {
  const rows = listImages(contents, { owner, sort: 'newest', filter: '' }, { signal });
  const { items, hasMore } = await take(rows);
  const images = items.map(({ name, pushedAt, tags, linkedTo }) => ({ name, pushedAt, tags, linkedTo }));
  return { images, hasMore };
}

async function tagsOf(
  contents: RegistryContents,
  repository: string,
  signal: AbortSignal,
): Promise<Record<string, unknown>> {
  const { items, hasMore } = await take(listTags(contents, { repository, sort: 'newest' }, { signal }));
  return { repository, tags: items.map(({ tag }) => tag), hasMore };
}

async function take<T>(rows: AsyncIterable<T>): Promise<{ readonly items: readonly T[]; readonly hasMore: boolean }> {
  const items: T[] = [];
  for await (const row of rows) {
    if (items.length === longestList) return { items, hasMore: true };
    items.push(row);
  }
  return { items, hasMore: false };
}

function notSignedIn(host: string | undefined): TeaChestError {
  const message =
    host === undefined ? l10n.t('You are not signed in to any registry.') : l10n.t`You are not signed in to ${host}.`;
  return new TeaChestError('notSignedIn', message, { stage: 'browse', facts: host === undefined ? {} : { host } });
}
