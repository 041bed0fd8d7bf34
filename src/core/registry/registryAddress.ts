import * as l10n from '@vscode/l10n';
import { TeaChestError } from '../base/errors.ts';
import type { RegistryAddress } from './types.ts';

/** Paths of Gitea's own pages and of the protocol: what comes before them is the sub-path of the install. */
const knownPages = /\/(?:v2|api\/(?:v1|swagger|packages)|user|explore|admin|org|notifications|-)(?:\/|$)/;

/** Pages below an owner, `/<owner>/-/packages/…`: the owner is not part of the sub-path either. */
const ownerPage = /\/[^/]+\/-(?:\/|$)/;

/**
 * Reads what people type or paste as the address of a registry: with or without scheme (then https), with a port, a
 * sub-path, the address of a page of theirs. Throws `urlInvalid`; a credential inside the text is refused and never
 * repeated. A path of one plain word may be a sub-path or an owner's page: `webRoot` keeps it, and detecting the server
 * finds out which (see `detectServer` of the gitea folder).
 */
export function parseRegistryAddress(text: string): RegistryAddress {
  const typed = text.trim();
  if (typed === '') throw invalid(l10n.t('The address of the registry is empty.'));
  const scheme = /^([A-Za-z][A-Za-z0-9+.-]*):\/\//.exec(typed)?.[1]?.toLowerCase();
  if (scheme !== undefined && scheme !== 'https' && scheme !== 'http') {
    throw invalid(l10n.t`A registry is reached by https:// or http://, not by ${scheme}://.`);
  }
  const url = readUrl(scheme === undefined ? `https://${typed.replace(/^\/+/, '')}` : typed);
  if (url.username !== '' || url.password !== '') {
    throw invalid(
      l10n.t('The address has a user name or a password in it. Give the address alone; you are asked for those.'),
    );
  }
  if (url.hostname === '') throw invalid(l10n.t('The address names no host.'));
  return { origin: url.origin, host: url.host, webRoot: url.origin + installPath(url.pathname) };
}

function readUrl(text: string): URL {
  // WHATWG URLs forgive much: a space or a stray @ would silently become another host.
  const authority = /^https?:\/\/([^/?#]*)/i.exec(text)?.[1] ?? '';
  if (authority.includes('@')) {
    throw invalid(
      l10n.t('The address has an @ in its host part. Give the address alone, without user name and password.'),
    );
  }
  if (/[\s\\]/.test(text)) throw invalid(l10n.t('The address has a space or a backslash in it.'));
  if (/^\[[^\]]*%/.test(authority)) {
    throw invalid(
      l10n.t`The address ${authority} has a zone (what follows %). A zone means a network card of one machine, and the name of an image has no place for it. Use a host name, or an IPv6 address without a zone.`,
    );
  }
  try {
    return new URL(text);
  } catch (error) {
    throw invalid(
      l10n.t`“${authority}” is not a host name or an IP address, with a port from 1 to 65535 if any.`,
      error,
    );
  }
}

function installPath(pathname: string): string {
  const path = pathname.replace(/\/{2,}/g, '/');
  const page = ownerPage.exec(path) ?? knownPages.exec(path);
  return path.slice(0, page?.index ?? path.length).replace(/\/+$/, '');
}

function invalid(message: string, cause?: unknown): TeaChestError {
  return new TeaChestError('urlInvalid', message, cause === undefined ? {} : { cause });
}
