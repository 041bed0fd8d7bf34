import * as l10n from '@vscode/l10n';
import { TeaChestError } from '../base/errors.ts';
import { isTag } from '../oci/imageReference.ts';
import { commandLines, operands, optionValue, unquoted } from './shellLine.ts';

const containerTools = ['docker', 'podman', 'nerdctl', 'buildah', 'crane', 'skopeo', 'regctl', 'oras', 'img', 'finch'];

/** Programs that publish something else. */
const otherTools: ReadonlyMap<string, 'charts' | 'packages' | 'commits'> = new Map([
  ['helm', 'charts'],
  ...(['npm', 'pnpm', 'yarn', 'twine', 'cargo', 'nuget', 'dotnet', 'gem', 'mvn'] as const).map(
    (tool) => [tool, 'packages'] as const,
  ),
  ['git', 'commits'],
]);

/** The first segments of Gitea's own pages. Nobody can have one of these names (models/user, `reservedUsernames`). */
const ownPages = /^(?:user|admin|explore|notifications|api|org|repo|issues|pulls|milestones|swagger|assets|-)$/;

/** The third segment of the pages of a repository of code. */
const repositoryPage =
  /^(?:src|issues|pulls|releases|actions|wiki|commits|commit|branches|tags|settings|activity|projects|packages|raw|tree|blob)$/;

/**
 * Converts pasted text to `host/owner/name[:tag]`: a whole `docker push …` line of a container tool, the URL of a page of
 * Gitea, a reference with a scheme before it, a line of a Dockerfile or of YAML, each with a prompt or quotes around it. Any
 * other text is returned as it is, without quotes, to be parsed as a reference. The host is never one that the text lacks.
 * @throws TeaChestError `referenceInvalid` for a command or a page that names no image. The message never quotes the text,
 * which may have a password.
 */
export function readPastedTarget(text: string): string {
  const typed = unquoted(text);
  for (const words of commandLines(typed)) {
    const argument = imageOf(words);
    if (argument !== undefined) return readAddress(argument);
  }
  return readAddress(typed);
}

/** The argument that names the image; undefined if the words are no command. */
function imageOf(words: readonly string[]): string | undefined {
  const [line, ...more] = words;
  // `image: …` of Kubernetes and compose; `FROM …` of a Dockerfile.
  if (line !== undefined && /^(?:-\s*)?image:$/i.test(line)) return more[0];
  if (words[0] === '-' && words[1] === 'image:') return words[2];
  if (line === 'FROM' && more.length > 0) return operands(more)[0];
  const command = words.slice(words.findIndex((word) => !isBeforeCommand(word)));
  const tool = (command[0] ?? '').replace(/^.*[\\/]/, '').replace(/\.exe$/i, '');
  if (command.length < 2) return undefined;
  const others = otherTools.get(tool);
  if (others !== undefined) throw refused(describeOther(tool, others));
  if (!containerTools.includes(tool)) return undefined;
  const positional = operands(command.slice(1));
  const [verb, ...rest] = ['image', 'buildx', 'manifest'].includes(positional[0] ?? '')
    ? positional.slice(1)
    : positional;
  const image = verb === undefined ? undefined : operandOf(verb, rest, command);
  if (image === undefined)
    throw refused(
      l10n.t({
        message: 'this command of {0} names no image that is pushed',
        args: [tool],
        comment: 'After a colon, in “That is not a target to push to: …”. {0}: such as docker',
      }),
    );
  const transport = /^(?:docker-daemon|docker-archive|oci-archive|oci|dir|containers-storage|tarball):(?!\/\/)/.exec(
    image,
  );
  if (transport !== null)
    throw refused(
      l10n.t({
        message: 'this command writes to this machine, not to a registry',
        comment: 'After a colon, in “That is not a target to push to: …”',
      }),
    );
  return image;
}

function describeOther(tool: string, published: 'charts' | 'packages' | 'commits'): string {
  switch (published) {
    case 'charts':
      return l10n.t({
        message: '“{0}” publishes charts, and Tea Chest pushes images',
        args: [tool],
        comment: 'After a colon, in “That is not a target to push to: …”. {0}: a program (helm)',
      });
    case 'packages':
      return l10n.t({
        message: '“{0}” publishes packages of another kind, and Tea Chest pushes images',
        args: [tool],
        comment: 'After a colon, in “That is not a target to push to: …”. {0}: a program (npm)',
      });
    case 'commits':
      return l10n.t({
        message: '“{0}” publishes commits, and Tea Chest pushes images',
        args: [tool],
        comment: 'After a colon, in “That is not a target to push to: …”. {0}: a program (git)',
      });
  }
}

/** `sudo`, its options, and assignments of variables. */
function isBeforeCommand(word: string): boolean {
  return word === 'sudo' || word.startsWith('-') || /^[A-Za-z_]\w*=/.test(word);
}

function operandOf(verb: string, rest: readonly string[], words: readonly string[]): string | undefined {
  if (verb === 'build' || verb === 'bake') return optionValue(words, '-t', '--tag');
  if (verb === 'login' || verb === 'logout' || verb === 'search') return undefined;
  return ['tag', 'copy', 'cp'].includes(verb) ? rest[1] : rest.at(-1);
}

function readAddress(typed: string): string {
  const scheme = /^(?:https?|docker|oci):\/\//i.exec(typed)?.[0].toLowerCase() ?? '';
  const address = typed.slice(scheme.length);
  const page = /^([^/]+)\/(.+)$/s.exec(address);
  if (page === null) return address;
  const [, host = '', path = ''] = page;
  const asPackage = readPackagePage(host, path.replace(/[?#].*$/s, ''));
  if (asPackage !== undefined) return asPackage;
  if (scheme === '') return address;
  return scheme.startsWith('http') ? readWebPage(host, path) : address.replace(/\/+$/, '');
}

/** `owner/-/packages/container/name/version`: the page of a package. A `/` in the name is written %2F. */
function readPackagePage(host: string, path: string): string | undefined {
  const page = /^(.+?)\/-\/packages\/(container\/)?([^/]+)(?:\/([^/]+))?/.exec(path);
  if (page === null) return undefined;
  const [, before = '', container, name = '', version = ''] = page;
  // Gitea's page may have the install's sub-path before the owner; a page of another forge may have a repository after it.
  const owner = before.split('/').at(container === undefined ? 0 : -1) ?? '';
  const tag = decode(version);
  return `${host}/${decode(owner)}/${decode(name)}${isTag(tag) ? `:${tag}` : ''}`;
}

/** `owner/repository` with whatever page of it, or an image reference behind a scheme. */
function readWebPage(host: string, path: string): string {
  const parts = path
    .replace(/[?#].*$/s, '')
    .replace(/\/+$/, '')
    .split('/');
  const [owner = '', name = '', page = ''] = parts;
  if (ownPages.test(owner) || parts.includes('-'))
    throw refused(
      l10n.t({
        message: 'this is the address of a page that shows no image',
        comment: 'After a colon, in “That is not a target to push to: …”',
      }),
    );
  if (!repositoryPage.test(page)) return `${host}/${parts.join('/').replace(/\.git$/, '')}`;
  return `${host}/${owner}/${name}`;
}

function refused(why: string): TeaChestError {
  const message = l10n.t({
    message: 'That is not a target to push to: {why}. A target looks like gitea.example.com/owner/name:tag.',
    args: { why },
    comment: '{why}: such as “this command of docker names no image that is pushed”',
  });
  return new TeaChestError('referenceInvalid', message, { stage: 'resolve' });
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
