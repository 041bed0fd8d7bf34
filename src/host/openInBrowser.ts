import * as vscode from 'vscode';

/** A page that we may open: on a server that a person named, or documentation that we link to. */
export interface WebPage {
  readonly url: string;
  /** The address that the page is below. */
  readonly root: string;
}

/** Opens a page as its URL is written: Gitea wants the slashes of an image's name as %2F. False if it is none of ours. */
export async function openInBrowser(page: WebPage): Promise<boolean> {
  if (!isPageOf(page)) return false;
  // `Uri.parse` decodes what it reads, and a %2F does not come back. The extension host passes a string on unchanged,
  // though its types ask for a Uri (ExtHostWindow.openUri in VS Code's source).
  return await vscode.env.openExternal(page.url as unknown as vscode.Uri);
}

/**
 * The system opens any scheme with the program that has registered for it: so http and https only, on the origin of the
 * root and below its path, without a user's name, and with nothing that a URL would have to escape.
 */
function isPageOf({ url, root }: WebPage): boolean {
  if (!/^https?:\/\/[!#$%&'()*+,./0-9:;=?@A-Z[\]_a-z~-]+$/.test(url)) return false;
  if (!URL.canParse(url) || !URL.canParse(root)) return false;
  const [page, base] = [new URL(url), new URL(root)];
  const folder = base.pathname.replace(/\/+$/, '');
  const isBelow = page.pathname === folder || page.pathname.startsWith(`${folder}/`);
  return page.username === '' && page.password === '' && page.origin === base.origin && isBelow;
}
