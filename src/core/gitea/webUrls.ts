/*
 * Links to Gitea's pages, made of the address that the person signed in to and of checked names. A server's own `html_url`
 * may be any address: it follows ROOT_URL or the Host header that a proxy sent.
 */

/** The page where a person makes access tokens. */
export function tokenSettingsUrl(webRoot: string): string {
  return `${webRoot}/user/settings/applications`;
}

/** The page of an owner's container packages. */
export function ownerUrl(webRoot: string, owner: string): string {
  return `${webRoot}/${encodeURIComponent(owner.toWellFormed())}/-/packages?type=container`;
}

/** The page where a person changes the password, which Gitea may require before anything else. */
export function changePasswordUrl(webRoot: string): string {
  return `${webRoot}/user/settings/change_password`;
}

/** The page of a package, or of one of its versions. A `/` in the name is written %2F (docs/gitea.md §4). */
export function packageUrl(
  webRoot: string,
  target: { readonly owner: string; readonly name: string; readonly tag?: string },
): string {
  const page = `${webRoot}/${encodeURIComponent(target.owner)}/-/packages/container/${encodeURIComponent(target.name)}`;
  return target.tag === undefined ? page : `${page}/${encodeURIComponent(target.tag)}`;
}

/** The page on which a person links a package to a repository, on servers that have no request for it (Gitea before 1.24). */
export function packageSettingsUrl(
  webRoot: string,
  target: { readonly owner: string; readonly name: string; readonly tag: string },
): string {
  return `${packageUrl(webRoot, target)}/settings`;
}
