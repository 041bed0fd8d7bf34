import * as l10n from '@vscode/l10n';
import { TeaChestError } from '../base/errors.ts';
import { parseJson } from '../base/json.ts';
import type { DeleteOutcome } from '../registry/manifests/deleteManifest.ts';
import { isHtml, readErrorResponse } from '../registry/errors/errorResponse.ts';
import type { RegistryResponse } from '../registry/http/httpTypes.ts';
import type { ApiCall, RestClient, RestPage } from './restClient.ts';
import { packageRow, readRepositoryName, readVersion, repositoryRow, type PackageVersion } from './restRows.ts';

/** A container package: `name` without the owner. */
export interface PackageId {
  readonly owner: string;
  readonly name: string;
}

/** Container packages by the REST API of Gitea and Forgejo (docs/gitea.md §4). */
export class PackagesApi {
  readonly #rest: RestClient;

  constructor(rest: RestClient) {
    this.#rest = rest;
  }

  /**
   * The versions of an owner's packages, the last pushed first; `part`: only of packages whose name contains it. Needs the
   * scope read:package.
   */
  async *versions(owner: string, call: ApiCall, part = ''): AsyncGenerator<RestPage<PackageVersion>, void, void> {
    const query = part === '' ? '' : `&q=${encodeURIComponent(part.toWellFormed())}`;
    const path = `packages/${encode(owner)}?type=container${query}`;
    const attempt = l10n.t({
      message: 'list the packages of “{0}”',
      args: [owner],
      comment: 'What was tried. Completes “{host} could not …”, “{host} cannot …” and “{host} does not let you …”',
    });
    for await (const { rows, total } of this.#rest.pages(path, packageRow, { attempt }, call)) {
      yield { rows: rows.map((row) => readVersion(row, owner)), total };
    }
  }

  /**
   * The versions of one package, the last pushed first. Gitea before 1.24 and Forgejo have no list of one package: there
   * the packages whose names contain this one are read, and `total` is unknown.
   */
  async *versionsOf(id: PackageId, call: ApiCall): AsyncGenerator<RestPage<PackageVersion>, void, void> {
    const attempt = l10n.t({
      message: 'list the versions of “{0}”',
      args: [id.name],
      comment: 'What was tried. Completes “{host} could not …”, “{host} cannot …” and “{host} does not let you …”',
    });
    let isListed = false;
    for await (const page of this.#rest.pages(packagePath(id), packageRow, { attempt, tolerant: true }, call)) {
      isListed = true;
      yield { rows: page.rows.map((row) => readVersion(row, id.owner)), total: page.total };
    }
    if (isListed) return;
    for await (const page of this.versions(id.owner, call, id.name)) {
      yield { rows: page.rows.filter(({ name }) => name === id.name), total: undefined };
    }
  }

  /** Undefined if there is no such version. */
  async version(id: PackageId, version: string, call: ApiCall): Promise<PackageVersion | undefined> {
    const response = await this.#rest.get(`${packagePath(id)}/${encode(version)}`, call);
    if (response.status === 404) return undefined;
    const row = response.status === 200 ? parseJson(packageRow, response.body) : undefined;
    if (row === undefined) throw await this.#rest.errorOf(response, `show “${id.name}:${version}”`, call);
    return readVersion(row, id.owner);
  }

  /** Deletes the version of this name alone: a tag, or `sha256:…`. Needs the scope write:package. */
  async deleteVersion(id: PackageId, version: string, call: ApiCall): Promise<DeleteOutcome> {
    const response = await this.#rest.delete(`${packagePath(id)}/${encode(version)}`, call);
    if (isDone(response)) return 'deleted';
    if (response.status === 404) {
      if ((await this.#listed(id, call, version)) !== undefined) throw slashDecoded(response, id);
      return 'gone';
    }
    throw await this.#rest.errorOf(
      response,
      l10n.t({
        message: 'delete {0} of “{1}”',
        args: [version, id.name],
        comment: 'What was tried. Completes “{host} could not …”, “{host} cannot …” and “{host} does not let you …”',
      }),
      call,
    );
  }

  /** Deletes a package with all of its versions. `unsupported`: before Gitea 1.26, and on Forgejo. */
  async deletePackage(id: PackageId, call: ApiCall): Promise<DeleteOutcome | 'unsupported'> {
    const response = await this.#rest.delete(packagePath(id), call);
    if (isDone(response)) return 'deleted';
    // Without the route, the answer is the same 404 as for a package that does not exist, or 405.
    if (response.status === 404 || response.status === 405) return 'unsupported';
    throw await this.#rest.errorOf(
      response,
      l10n.t({
        message: 'delete “{0}”',
        args: [id.name],
        comment: 'What was tried. Completes “{host} could not …”, “{host} cannot …” and “{host} does not let you …”',
      }),
      call,
    );
  }

  /** Links a package to a repository of the same owner. Gitea ≥ 1.24, Forgejo ≥ 11. */
  async link(id: PackageId, repository: string, call: ApiCall): Promise<void> {
    const response = await this.#rest.post(`${packagePath(id)}/-/link/${encode(repository)}`, call);
    if (isDone(response)) return;
    await this.#rejectIfUnreachable(response, id, call);
    throw await this.#rest.errorOf(
      response,
      l10n.t({
        message: 'link “{0}” to the repository “{1}”',
        args: [id.name, repository],
        comment: 'What was tried. Completes “{host} could not …”, “{host} cannot …” and “{host} does not let you …”',
      }),
      call,
    );
  }

  async unlink(id: PackageId, call: ApiCall): Promise<void> {
    const response = await this.#rest.post(`${packagePath(id)}/-/unlink`, call);
    if (isDone(response)) return;
    await this.#rejectIfUnreachable(response, id, call);
    throw await this.#rest.errorOf(
      response,
      l10n.t({
        message: 'unlink “{0}” from its repository',
        args: [id.name],
        comment: 'What was tried. Completes “{host} could not …”, “{host} cannot …” and “{host} does not let you …”',
      }),
      call,
    );
  }

  /** The names of an owner's repositories that the user may see. Needs the scopes read:user and read:repository. */
  async repositories(owner: string, call: ApiCall): Promise<readonly string[]> {
    const attempt = l10n.t({
      message: 'list the repositories of “{0}”',
      args: [owner],
      comment: 'What was tried. Completes “{host} could not …”, “{host} cannot …” and “{host} does not let you …”',
    });
    const names: string[] = [];
    for await (const { rows } of this.#rest.pages(`users/${encode(owner)}/repos`, repositoryRow, { attempt }, call)) {
      names.push(...rows.map(readRepositoryName).filter((name) => name !== undefined));
    }
    return names;
  }

  /** After a 404: rejects if the package is there all the same. */
  async #rejectIfUnreachable(response: RegistryResponse, id: PackageId, call: ApiCall): Promise<void> {
    const listed = response.status === 404 ? await this.#listed(id, call) : undefined;
    if (listed === undefined) return;
    const shown = await this.#rest.get(`${packagePath(id)}/${encode(listed)}`, call);
    if (shown.status === 404 && (await this.#listed(id, call, listed)) !== undefined) throw slashDecoded(response, id);
  }

  /**
   * A version of a package whose name has a `/`, by the list of its owner, which does not need that name in its path.
   * Undefined for every other package: a proxy that decodes `%2F` does not change its path.
   */
  async #listed(id: PackageId, call: ApiCall, wanted?: string): Promise<string | undefined> {
    if (!id.name.includes('/')) return undefined;
    for await (const { rows } of this.versions(id.owner, call, id.name)) {
      const found = rows.find(
        ({ usable, name, version }) => usable && name === id.name && (wanted === undefined || version === wanted),
      );
      if (found !== undefined) return found.version;
    }
    return undefined;
  }
}

/** A `/` in the name is written %2F (docs/gitea.md §4). */
function packagePath({ owner, name }: PackageId): string {
  return `packages/${encode(owner)}/container/${encode(name)}`;
}

/** nginx does that if its `proxy_pass` has a path. */
function slashDecoded({ url, status }: RegistryResponse, { owner, name }: PackageId): TeaChestError {
  const { host } = url;
  const what = l10n.t`${host} does not find ${owner}/${name}, although it lists it: a proxy in front of it decodes the %2F by which the “/” in the name is written. The proxy has to pass on addresses as they are; in nginx that is proxy_pass without a path. Until then this works only for names without “/”.`;
  return new TeaChestError('registryRefused', what, { facts: { host, status, decodesSlash: true } });
}

function encode(part: string): string {
  return encodeURIComponent(part.toWellFormed());
}

/** A sign-in page in front of the server is 200 as well, and says nothing about what was done. */
function isDone(response: RegistryResponse): boolean {
  return [200, 201, 204].includes(response.status) && !isHtml(readErrorResponse(response, 'GET'));
}

/** All rows of pages, for where a list is needed as a whole. */
export async function allRows<T>(pages: AsyncIterable<RestPage<T>>): Promise<readonly T[]> {
  const all: T[] = [];
  for await (const { rows } of pages) all.push(...rows);
  return all;
}
