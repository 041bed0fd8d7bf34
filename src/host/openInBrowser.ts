import * as vscode from 'vscode';

/** A page that may be opened: of a server that the person signed in to, or of the documentation. */
export interface WebPage {
  readonly url: string;
  /** The page must be below this address. */
  readonly root: string;
}

/** Opens the URL without decoding it: Gitea needs the slashes of an image's name as %2F. False if it is not below `root`. */
export async function openInBrowser(page: WebPage): Promise<boolean> {
  if (!isPageOf(page)) return false;
  // `Uri.parse` would decode %2F. The extension host also accepts a string and passes it on unchanged, although the type
  // asks for a Uri (ExtHostWindow.openUri in VS Code's source).
  return await vscode.env.openExternal(page.url as unknown as vscode.Uri);
}

/**
 * The system opens every scheme with its registered program, so only http and https are allowed, on the origin of the root
 * and below its path, without a user name, and without characters that a URL has to escape.
 */
function isPageOf({ url, root }: WebPage): boolean {
  if (!/^https?:\/\/[!#$%&'()*+,./0-9:;=?@A-Z[\]_a-z~-]+$/.test(url)) return false;
  if (!URL.canParse(url) || !URL.canParse(root)) return false;
  const [page, base] = [new URL(url), new URL(root)];
  const folder = base.pathname.replace(/\/+$/, '');
  const isBelow = page.pathname === folder || page.pathname.startsWith(`${folder}/`);
  return page.username === '' && page.password === '' && page.origin === base.origin && isBelow;
}
