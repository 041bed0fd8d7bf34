import { TeaChestError } from '../../core/base/errors.ts';

/** Gitea's page of a package or of one of its versions; what stands before the owner is the sub-path of the install. */
const packagePage = /^\/(?:.*\/)?([^/]+)\/-\/packages\/container\/([^/]+)(?:\/([^/]+))?\/?$/;

/**
 * A target as people have it at hand → `host/owner/name:tag`: a whole push command, the address of the package's page, a
 * reference with a scheme before it, a host with letters that only people write.
 * @throws TeaChestError `referenceInvalid`
 */
export function pastedTarget(text: string): string {
  const bare = text.trim().replace(/^(?:docker|podman|nerdctl)\s+(?:image\s+)?push\s+/, '');
  const scheme = /^https?:\/\//i.exec(bare)?.[0];
  if (scheme !== undefined) return fromAddress(bare, bare.slice(scheme.length));
  return withAsciiHost(bare);
}

function fromAddress(text: string, rest: string): string {
  if (!URL.canParse(text)) return rest;
  const { username, password, pathname, host } = new URL(text);
  if (username !== '' || password !== '') {
    // The text is not repeated: the password would be on the screen.
    throw new TeaChestError(
      'referenceInvalid',
      'The target has a user name or a password in it. Give it without them.',
      {
        stage: 'resolve',
      },
    );
  }
  const [, owner, name, version] = packagePage.exec(pathname) ?? [];
  if (owner === undefined || name === undefined) return withAsciiHost(rest);
  const tag = version === undefined || version.startsWith('sha256:') ? '' : `:${decode(version)}`;
  return `${host}/${decode(owner)}/${decode(name)}${tag}`;
}

/** As URLs have it: `bücher.example` is `xn--bcher-kva.example` to registries. */
function withAsciiHost(text: string): string {
  const slash = text.indexOf('/');
  const host = text.slice(0, Math.max(slash, 0));
  if (!/[^ -~]/.test(host) || /[\s?#@\\]/.test(host) || !URL.canParse(`https://${host}`)) return text;
  return new URL(`https://${host}`).host + text.slice(slash);
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
