import * as l10n from '@vscode/l10n';
import { TeaChestError } from '../base/errors.ts';
import { isDigest, type Digest } from './digest.ts';

/**
 * A reference as people type it: `[registry/]repository[:tag][@digest]`
 * (grammar: distribution/reference; the first part is a registry if it has a dot or a colon, or is `localhost`).
 */
export interface ImageReference {
  /** `host[:port]` as written, because engines compare it literally. Undefined for names like `app` or `team/app`. */
  readonly registry: string | undefined;
  /** The path without registry, tag and digest: `team/app`. */
  readonly repository: string;
  readonly tag: string | undefined;
  readonly digest: Digest | undefined;
}

const tagPattern = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/;

export function isTag(text: string): boolean {
  return tagPattern.test(text);
}

/**
 * Splits a reference into its parts. Checks the syntax only, not a registry's own rules for names. `isRegistry` recognizes
 * registries that do not look like one: hosts such as `gitea`.
 */
export function parseImageReference(
  text: string,
  isRegistry: (first: string) => boolean = () => false,
): ImageReference {
  const refuse = (why: string): never => {
    throw new TeaChestError('referenceInvalid', l10n.t`“${text}” is not an image reference: ${why}.`, {
      facts: { reference: text },
    });
  };
  if (text.trim() !== text || text === '') refuse(l10n.t('it is empty or has spaces around it'));

  const at = text.indexOf('@');
  const digestText = at < 0 ? undefined : text.slice(at + 1);
  if (digestText !== undefined && !isDigest(digestText)) refuse(l10n.t('what follows @ is not a sha256 digest'));
  const named = at < 0 ? text : text.slice(0, at);

  const slash = named.indexOf('/');
  const first = slash < 0 ? '' : named.slice(0, slash);
  const hasRegistry = first !== '' && (/[.:]/.test(first) || first === 'localhost' || isRegistry(first));
  if (hasRegistry && first.startsWith('[') && first.includes('%')) {
    refuse(l10n.t`“${first}” has a zone, which no reference can have: use an address without %, or a host name`);
  }
  if (hasRegistry && !isHost(first)) refuse(l10n.t`“${first}” is not a host`);
  const path = hasRegistry ? named.slice(slash + 1) : named;

  const colon = path.indexOf(':', path.lastIndexOf('/') + 1);
  const repository = colon < 0 ? path : path.slice(0, colon);
  const tag = colon < 0 ? undefined : path.slice(colon + 1);
  if (tag !== undefined && !isTag(tag)) refuse(l10n.t`“${tag}” is not a tag`);
  if (repository === '' || repository.split('/').some((part) => part === '' || /[\s:@]/.test(part))) {
    refuse(l10n.t('a part of its name is empty or has a character that names cannot have'));
  }
  return {
    registry: hasRegistry ? first : undefined,
    repository,
    tag,
    digest: digestText === undefined ? undefined : (digestText as Digest),
  };
}

/** A host with or without a port, in any spelling that `parseRegistryAddress` accepts. */
function isHost(text: string): boolean {
  if (/[\s\\?#@]/.test(text) || text.endsWith(':')) return false;
  return URL.canParse(`https://${text}`);
}

/** `localhost:5000/team/app` of `localhost:5000/team/app:1@sha256:…`: text alone, for references of any kind. */
export function withoutTagAndDigest(reference: string): string {
  const at = reference.indexOf('@');
  const named = at < 0 ? reference : reference.slice(0, at);
  const colon = named.lastIndexOf(':');
  // A colon before the last slash belongs to a port.
  return colon < 0 || colon < named.lastIndexOf('/') ? named : named.slice(0, colon);
}

/** The text form of a reference; the inverse of `parseImageReference`. */
export function formatImageReference(reference: ImageReference): string {
  const registry = reference.registry === undefined ? '' : `${reference.registry}/`;
  const tag = reference.tag === undefined ? '' : `:${reference.tag}`;
  const digest = reference.digest === undefined ? '' : `@${reference.digest}`;
  return `${registry}${reference.repository}${tag}${digest}`;
}

/*
 * The grammar of references in docker and the distribution project (distribution/reference, regexp.go). What matches it is
 * one argument of a command line, whoever wrote it. `parseImageReference` accepts more, to be able to explain what is wrong.
 */
const host = '(?:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\\[[0-9A-Fa-f:]+\\])(?::[0-9]{1,5})?';
const segment = '[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*';
const tag = ':[A-Za-z0-9_][A-Za-z0-9._-]{0,127}';
const digest = '@sha256:[0-9a-f]{64}';
const grammar = new RegExp(`^(?:${host}/)?${segment}(?:/${segment})*(?:${tag})?(?:${digest})?$`);

/** Registry and repository together: no client accepts a longer name (distribution/reference `NameTotalLengthMax`). */
const maxNameLength = 255;

/** True if every client reads the text as a reference, or as the name of a repository. */
export function isReferenceText(text: string): boolean {
  if (!grammar.test(text)) return false;
  return text.replace(new RegExp(`(?:${digest})$`), '').replace(new RegExp(`${tag}$`), '').length <= maxNameLength;
}
