import type { Gitea } from '../gitea.ts';
import type { Exchange } from '../http/exchange.ts';
import { htmlReply, type Reply } from '../http/reply.ts';
import { isVisible } from '../model/access.ts';
import type { Owner } from '../model/directory.ts';
import { filesOf, manifestFile, type ContainerPackage } from '../model/packages.ts';
import { publicUrl } from '../publicUrl.ts';

/**
 * The few pages that "Open in Gitea" leads to, as far as they are public. They show only what is stored. `path` is what follows the sub-path.
 */
export function handleWeb(gitea: Gitea, exchange: Exchange, path: string): Reply {
  if (path === '' || path === '/') return page('Fake Gitea', home(gitea, exchange));
  if (path === '/user/settings/applications') return page('Applications', [p('Tokens are made through the API here.')]);
  const [ownerName = '', dash, packages, type, name, version] = path.slice(1).split('/').map(decodeURIComponent);
  const owner = gitea.directory.owner(ownerName);
  if (owner === undefined || !isVisible(gitea.directory, owner, { kind: 'nobody' })) return notFound();
  if (dash === undefined || (dash === '-' && packages === 'packages' && type === undefined)) {
    return page(owner.name, list(gitea.packages.of(owner.id).map((image) => imageLink(gitea, exchange, owner, image))));
  }
  const image = type === 'container' && packages === 'packages' ? gitea.packages.get(owner.id, name ?? '') : undefined;
  return image === undefined ? notFound() : imagePage(exchange, owner, image, version);
}

function imagePage(exchange: Exchange, owner: Owner, image: ContainerPackage, versionName: string | undefined): Reply {
  const full = `${exchange.host}/${owner.name.toLowerCase()}/${image.name}`;
  if (versionName === undefined) return page(full, list([...image.versions.keys()].map(escape)));
  const version = image.versions.get(versionName.toLowerCase());
  if (version === undefined) return notFound();
  const reference = version.tagged ? `${full}:${version.name}` : `${full}@${version.name}`;
  const files = [...version.files.values()].map(({ digest, size }) => `<code>${digest}</code> ${size} bytes`);
  return page(reference, [
    p(`Manifest <code>${version.files.get(manifestFile)?.digest ?? ''}</code>`),
    p(`Pushed ${new Date(version.createdAt).toISOString()}`),
    p(`<code>docker pull ${escape(reference)}</code>`),
    ...list(files),
  ]);
}

function home(gitea: Gitea, exchange: Exchange): string[] {
  const { version } = gitea.quirks;
  const links = gitea.packages.all().flatMap((image) => {
    const owner = gitea.directory.ownerById(image.ownerId);
    const shown = owner !== undefined && isVisible(gitea.directory, owner, { kind: 'nobody' });
    return shown && filesOf(image).length > 0 ? [imageLink(gitea, exchange, owner, image)] : [];
  });
  return [p(`A test server that behaves like Gitea ${escape(version)}. What was pushed here:`), ...list(links)];
}

function imageLink(gitea: Gitea, exchange: Exchange, owner: Owner, image: ContainerPackage): string {
  const target = `${publicUrl(gitea, exchange)}/${owner.name}/-/packages/container/${encodeURIComponent(image.name)}`;
  return `<a href="${escape(target)}">${escape(`${owner.name}/${image.name}`)}</a>`;
}

function notFound(): Reply {
  return {
    ...page('Not Found', [p('Sorry, this page does not exist, or you are not allowed to see it.')]),
    status: 404,
  };
}

function page(title: string, body: readonly string[]): Reply {
  const head = `<meta charset="utf-8"><title>${escape(title)}</title><style>body{font:16px sans-serif;margin:2rem}</style>`;
  return htmlReply(200, `<!doctype html>${head}<h1>${escape(title)}</h1>\n${body.join('\n')}\n`);
}

const p = (html: string): string => `<p>${html}</p>`;
const list = (items: readonly string[]): string[] => ['<ul>', ...items.map((item) => `<li>${item}</li>`), '</ul>'];

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
}
