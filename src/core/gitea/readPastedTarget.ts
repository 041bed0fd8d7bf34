import { isTag } from '../oci/imageReference.ts';

/** Commands whose arguments end with the reference of the image. */
const command =
  /^(?:[$#>]\s+)?(?:sudo\s+)?(?:docker|podman|nerdctl|buildah|crane|skopeo)\s+(?:image\s+|buildx\s+)?([a-z]+)\s+(.+)$/s;

/**
 * Converts pasted text to `host/owner/name[:tag]`: a whole `docker push …` line, the URL of a package's page, or a reference
 * with `https://` before it. Any other text is returned unchanged, to be parsed as a reference.
 */
export function readPastedTarget(text: string): string {
  const typed = text.trim();
  const words = command.exec(typed);
  const argument = words === null ? typed : argumentOf(words[1] ?? '', words[2] ?? '');
  return argument === undefined ? typed : readAddress(argument);
}

function readAddress(typed: string): string {
  const scheme = /^(?:https?|docker|oci):\/\//i.exec(typed)?.[0] ?? '';
  const address = typed.slice(scheme.length);
  const page = /^([^/]+)\/(.+)$/s.exec(address);
  if (page === null) return address;
  const [, host = '', path = ''] = page;
  return readPage(host, path.replace(/[?#].*$/s, '')) ?? (scheme === '' ? address : address.replace(/\/+$/, ''));
}

/** The image of a command: the last argument, of `tag A B` the second. Options are ignored. */
function argumentOf(verb: string, rest: string): string | undefined {
  const [line = ''] = rest.split(/[;&|\n]/);
  const words = line.split(/\s+/).filter((word) => word !== '' && !word.startsWith('-'));
  const index = verb === 'tag' || verb === 'copy' ? 1 : words.length - 1;
  return words[index];
}

/** `owner/-/packages/container/name/version`: the page of a package. A `/` in the name is written %2F. */
function readPage(host: string, path: string): string | undefined {
  const page = /^(.+?)\/-\/packages\/(container\/)?([^/]+)(?:\/([^/]+))?/.exec(path);
  if (page === null) return undefined;
  const [, before = '', container, name = '', version = ''] = page;
  // Gitea's page may have the install's sub-path before the owner; a page of another forge may have a repository after it.
  const owner = before.split('/').at(container === undefined ? 0 : -1) ?? '';
  const tag = decode(version);
  return `${host}/${decode(owner)}/${decode(name)}${isTag(tag) ? `:${tag}` : ''}`;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
