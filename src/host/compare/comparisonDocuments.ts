import * as l10n from '@vscode/l10n';
import { LRUCache } from 'lru-cache';
import * as vscode from 'vscode';
import { TeaChestError, toTeaChestError } from '../../core/base/errors.ts';
import { compareImages } from '../../core/compare/compareImages.ts';
import { readImageOfRegistry } from '../../core/compare/readImageOfRegistry.ts';
import type { ImageDescription } from '../../core/oci/imageDescription.ts';
import type { ConnectionStore } from '../connections/connectionStore.ts';
import type { EngineLink } from '../engine/engine.ts';
import { errorMessage } from '../errors/errorMessages.ts';
import type { RegistryBrowser } from '../registry/registryBrowser.ts';
import {
  formatPair,
  isRepositoryAt,
  readPair,
  type ComparedPair,
  type ComparedSide,
  type SidePosition,
} from './comparedSide.ts';
import { comparisonText, type ComparedImages } from './comparisonText.ts';

const documentScheme = 'teaChestComparison';

const requestTimeout = 30_000;

/** The two documents of a comparison, for VS Code's diff editor. */
export function comparisonUris(pair: ComparedPair): { readonly left: vscode.Uri; readonly right: vscode.Uri } {
  const uri = (position: SidePosition): vscode.Uri =>
    vscode.Uri.from({
      scheme: documentScheme,
      path: `/${position}/${pair[position].label.replaceAll('/', '-')}.txt`,
      query: new URLSearchParams({ position, pair: formatPair(pair) }).toString(),
    });
  return { left: uri('left'), right: uri('right') };
}

/**
 * Read-only documents that compare two images. They are made from the URI alone, so that a window that is opened again has
 * them too. Anybody can make such a URI: it reads only from saved registries and from the engine.
 */
export class ComparisonDocuments implements vscode.TextDocumentContentProvider, vscode.Disposable {
  readonly #store: Pick<ConnectionStore, 'find'>;
  readonly #browser: Pick<RegistryBrowser, 'contents'>;
  readonly #link: Pick<EngineLink, 'get'>;
  readonly #registration: vscode.Disposable;
  /** Both documents of a comparison are asked for at the same time. */
  readonly #reading = new LRUCache<string, Promise<ComparedImages>>({ max: 8 });

  constructor(
    store: Pick<ConnectionStore, 'find'>,
    browser: Pick<RegistryBrowser, 'contents'>,
    link: Pick<EngineLink, 'get'>,
  ) {
    this.#store = store;
    this.#browser = browser;
    this.#link = link;
    this.#registration = vscode.workspace.registerTextDocumentContentProvider(documentScheme, this);
  }

  /** An error is the text of the document: VS Code would show only that it could not be opened. */
  async provideTextDocumentContent(uri: vscode.Uri): Promise<string> {
    try {
      const asked = new URLSearchParams(uri.query);
      const pair = readPair(asked.get('pair') ?? '');
      if (pair === undefined) throw new TeaChestError('argumentInvalid', l10n.t('This document compares nothing.'));
      const images = await this.#read(pair);
      const position = asked.get('position') === 'left' ? 'left' : 'right';
      return comparisonText(position, pair, images, compareImages(images.left, images.right));
    } catch (error) {
      return `${errorMessage(toTeaChestError(error, 'browse')).message}\n`;
    }
  }

  dispose(): void {
    this.#registration.dispose();
  }

  async #read(pair: ComparedPair): Promise<ComparedImages> {
    const key = formatPair(pair);
    const reading = this.#reading.get(key) ?? this.#readBoth(pair);
    this.#reading.set(key, reading);
    reading.catch(() => this.#reading.delete(key));
    return await reading;
  }

  async #readBoth({ left, right }: ComparedPair): Promise<ComparedImages> {
    const stop = new AbortController();
    const signal = AbortSignal.any([stop.signal, AbortSignal.timeout(requestTimeout)]);
    try {
      const [one, other] = await Promise.all([this.#describe(left, signal), this.#describe(right, signal)]);
      return { left: one, right: other };
    } finally {
      // If one cannot be read, nobody needs the other.
      stop.abort();
    }
  }

  async #describe(side: ComparedSide, signal: AbortSignal): Promise<ImageDescription> {
    if (side.kind === 'engine') {
      const engine = await this.#link.get();
      return await engine.describe(await engine.inspect(side.id, { signal }), { signal, platform: side.platform });
    }
    const connection = this.#store.find(side.origin);
    if (connection === undefined || !isRepositoryAt(connection.host, side.repository)) {
      throw new TeaChestError(
        'argumentInvalid',
        l10n.t('This comparison is with no registry that you are signed in to.'),
      );
    }
    const contents = await this.#browser.contents(connection);
    return await readImageOfRegistry(await contents.open(side.repository, { signal }), side.digest, { signal });
  }
}
