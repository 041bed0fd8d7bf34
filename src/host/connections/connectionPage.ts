import type { WebPage } from '../openInBrowser.ts';
import type { Connection } from './connection.ts';

/** A page of the server that a person signed in to: a link to any other is not opened, whoever gave it. */
export function pageAt({ origin }: Pick<Connection, 'origin'>, url: string): WebPage {
  return { url, root: origin };
}
