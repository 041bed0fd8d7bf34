import * as l10n from '@vscode/l10n';
import * as v from 'valibot';
import type { Memento } from 'vscode';
import { isCancelled, TeaChestError, toTeaChestError } from '../../core/base/errors.ts';
import type { Logger } from '../../core/base/logger.ts';
import { linkPackage } from '../../core/gitea/linkPackage.ts';
import type { PackageId } from '../../core/gitea/packagesApi.ts';
import { readRepositoryName } from '../../core/gitea/restRows.ts';
import { packageSettingsUrl } from '../../core/gitea/webUrls.ts';
import type { LinkSetting } from '../config.ts';
import type { Connection } from '../connections/connection.ts';
import { hasOwners } from '../targets/settleTarget.ts';
import type { Destination } from '../targets/target.ts';
import { OriginValues } from './originValues.ts';
import type { RegistryBrowser } from './registryBrowser.ts';

/** A package that is not linked to a repository, and the one of its owner that the open folder belongs to. */
export interface LinkOffer {
  readonly connection: Connection;
  readonly id: PackageId;
  readonly tag: string;
  /** Without the owner, in lower case: Gitea finds it in any case. */
  readonly repository: string;
  /** Set if the server has no request that links: the page where the person can do it. */
  readonly page: string | undefined;
}

interface LinkOffersDependencies {
  readonly access: Pick<RegistryBrowser, 'contents'>;
  readonly folderRepositories: (connection: Connection) => Promise<readonly string[]>;
  readonly setting: () => LinkSetting;
  /** Of the packages that the person does not want to link, by origin. */
  readonly state: Memento;
  readonly isSaved: (origin: string) => boolean;
  readonly logger: Logger;
}

/** The answer of a server that is busy is not waited for: the message about the push is shown first. */
const timeLimitMs = 5_000;

/**
 * A package is not linked to the repository of its code by a push: Gitea does not do that by itself (docs/gitea.md §4). So a
 * push offers it, once for each package.
 */
export class LinkOffers {
  readonly #dependencies: LinkOffersDependencies;
  readonly #declined: OriginValues<string[]>;

  constructor(dependencies: LinkOffersDependencies) {
    this.#dependencies = dependencies;
    const { state, isSaved } = dependencies;
    this.#declined = new OriginValues(state, 'teaChest.declinedLinks', v.array(v.string()), isSaved);
  }

  /** True if the person wants packages linked without being asked. */
  get isAutomatic(): boolean {
    return this.#dependencies.setting() === 'always';
  }

  /** What can be linked after a push. Undefined if nothing, if it was declined before, or if the server does not say. */
  async find({ connection, target }: Destination): Promise<LinkOffer | undefined> {
    const { access, folderRepositories, setting, logger } = this.#dependencies;
    if (!hasOwners(connection.kind) || setting() === 'never') return undefined;
    const slash = target.repository.indexOf('/');
    const id = { owner: target.repository.slice(0, slash), name: target.repository.slice(slash + 1) };
    if (setting() === 'ask' && this.#isDeclined(connection, id)) return undefined;
    try {
      const repository = ofOwner(id, await folderRepositories(connection));
      if (repository === undefined) return undefined;
      const { packages } = await access.contents(connection);
      const signal = AbortSignal.timeout(timeLimitMs);
      const version = await packages?.version(id, target.tag, { signal });
      if (version === undefined || version.repository !== undefined) return undefined;
      const page = hasLinkRequest(connection)
        ? undefined
        : packageSettingsUrl(connection.webRoot, { ...id, tag: target.tag });
      return { connection, id, tag: target.tag, repository, page };
    } catch (error) {
      logger.debug(`Whether ${target.repository} is linked could not be read: ${String(error)}`);
      return undefined;
    }
  }

  /** Links, and reads back whether the server says so. */
  async link({ connection, id, tag, repository }: LinkOffer): Promise<void> {
    const { packages } = await this.#dependencies.access.contents(connection);
    const signal = AbortSignal.timeout(timeLimitMs * 4);
    let failure: unknown;
    try {
      if (packages !== undefined) await linkPackage(packages, { host: connection.host, id, repository }, { signal });
    } catch (error) {
      failure = error;
    }
    // Also after a failure: the answer may be lost, or somebody else has linked it meanwhile.
    const now = isCancelled(failure) ? undefined : (await packages?.version(id, tag, { signal }))?.repository;
    if (now?.toLowerCase() === repository) return;
    if (failure !== undefined) throw toTeaChestError(failure);
    const what = l10n.t`${connection.host} said that ${keyOf(id)} is linked to “${repository}” now, but the package does not have the link.`;
    throw new TeaChestError('registryRefused', what, { facts: { host: connection.host } });
  }

  decline({ connection, id }: LinkOffer): void {
    if (this.#isDeclined(connection, id)) return;
    const names = this.#declined.get(connection.origin) ?? [];
    this.#declined.set(connection.origin, [...names, keyOf(id)]);
  }

  /** Part of signing out of a registry. */
  async forgetRegistry(origin: string): Promise<void> {
    await this.#declined.forgetRegistry(origin);
  }

  #isDeclined({ origin }: Connection, id: PackageId): boolean {
    return (this.#declined.get(origin) ?? []).includes(keyOf(id));
  }
}

function keyOf({ owner, name }: PackageId): string {
  return `${owner}/${name}`;
}

/** Of several folders' repositories, the one that has the image's name. A package is linked to repositories of its owner only. */
function ofOwner({ owner, name }: PackageId, repositories: readonly string[]): string | undefined {
  const names = repositories
    .filter((repository) => repository.startsWith(`${owner}/`))
    .map((repository) => readRepositoryName({ name: repository.slice(owner.length + 1) }))
    .filter((one) => one !== undefined);
  return names.find((one) => one === name.split('/').at(-1)) ?? names[0];
}

/** Gitea ≥ 1.24, Forgejo ≥ 11. A server that does not say its version is asked. */
function hasLinkRequest({ kind, version }: Connection): boolean {
  const [, major, minor] = /^(\d+)\.(\d+)/.exec(version ?? '') ?? [];
  if (major === undefined) return true;
  return kind === 'forgejo' ? Number(major) >= 11 : Number(major) > 1 || Number(minor) >= 24;
}
