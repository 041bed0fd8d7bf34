import * as l10n from '@vscode/l10n';
import * as vscode from 'vscode';
import { TeaChestError, toTeaChestError } from '../../core/base/errors.ts';
import { readDocument, type DocumentPart } from '../../core/gitea/browse/readDocument.ts';
import { isDigest, shortDigest, type Digest } from '../../core/oci/digest.ts';
import { isReferenceText } from '../../core/oci/imageReference.ts';
import type { Connection } from '../connections/connection.ts';
import type { ConnectionStore } from '../connections/connectionStore.ts';
import { errorMessage } from '../errors/errorMessages.ts';
import type { RegistryBrowser } from './registryBrowser.ts';

const documentScheme = 'teaChest';

const requestTimeout = 30_000;

/** A part of an image in a registry. */
export interface DocumentSource {
  readonly connection: Pick<Connection, 'origin'>;
  readonly repository: string;
  readonly digest: Digest;
  readonly part: DocumentPart;
  /** A tag or a platform, for the title; it is not read. */
  readonly label: string;
}

/** The title is the last part of the path. VS Code chooses the language by its extension. */
export function documentUri({ connection, repository, digest, part, label }: DocumentSource): vscode.Uri {
  const extension = part === 'history' ? 'txt' : 'json';
  const name = `${repository.split('/').at(-1) ?? ''} ${label.replaceAll('/', '-')} ${part}.${extension}`;
  return vscode.Uri.from({
    scheme: documentScheme,
    path: `/${shortDigest(digest)}/${name}`,
    query: new URLSearchParams({ origin: connection.origin, repository, digest, part }).toString(),
  });
}

/** Read-only documents of what registries have. Anybody can make such a URI, so it reads only from saved registries. */
export class RegistryDocuments implements vscode.TextDocumentContentProvider, vscode.Disposable {
  readonly #store: Pick<ConnectionStore, 'find'>;
  readonly #browser: Pick<RegistryBrowser, 'contents'>;
  readonly #registration: vscode.Disposable;

  constructor(store: Pick<ConnectionStore, 'find'>, browser: Pick<RegistryBrowser, 'contents'>) {
    this.#store = store;
    this.#browser = browser;
    this.#registration = vscode.workspace.registerTextDocumentContentProvider(documentScheme, this);
  }

  /** An error is the text of the document: VS Code would show only that it could not be opened. */
  async provideTextDocumentContent(uri: vscode.Uri): Promise<string> {
    try {
      return await this.#read(uri);
    } catch (error) {
      return `${errorMessage(toTeaChestError(error, 'browse')).message}\n`;
    }
  }

  dispose(): void {
    this.#registration.dispose();
  }

  async #read({ query }: vscode.Uri): Promise<string> {
    const asked = new URLSearchParams(query);
    const text = (name: string): string => asked.get(name) ?? '';
    const [repository, digest, part] = [text('repository'), text('digest'), text('part')];
    const connection = this.#store.find(text('origin'));
    if (connection === undefined || !isReferenceText(`${connection.host}/${repository}`) || !isDigest(digest)) {
      throw new TeaChestError('argumentInvalid', l10n.t('This document is of no registry that you are signed in to.'));
    }
    const contents = await this.#browser.contents(connection);
    const call = { signal: AbortSignal.timeout(requestTimeout) };
    return await readDocument(await contents.open(repository, call), { digest, part: partOf(part) }, call);
  }
}

function partOf(text: string): DocumentPart {
  return text === 'config' || text === 'history' ? text : 'manifest';
}
