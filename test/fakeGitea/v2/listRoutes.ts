import type { Gitea } from '../gitea.ts';
import type { Exchange } from '../http/exchange.ts';
import type { Reply } from '../http/reply.ts';
import { isVisible, type Doer } from '../model/access.ts';
import { packageOf, type ImageCall } from './call.ts';
import { registryError, registryJson } from './errors.ts';

/** No `n`: all; `n=0`: none. A Link is sent whenever the page is not empty, on the last one too. */
export function listTags(call: ImageCall): Reply {
  const image = packageOf(call);
  if (image === undefined) return registryError('NAME_UNKNOWN');
  const n = call.exchange.query.get('n') ?? '';
  const last = call.exchange.query.get('last') ?? '';
  const all = [...image.versions.values()].filter(({ tagged }) => tagged).map(({ name }) => name);
  const after = all.sort().filter((tag) => tag > last.toLowerCase());
  const tags = n === '' ? after : after.slice(0, Math.max(0, Number.parseInt(n, 10) || 0));
  const name = `${call.owner.name}/${call.image}`.toLowerCase();
  const next = new URLSearchParams();
  next.set('last', tags.at(-1) ?? '');
  if (Number(n) > 0) next.set('n', n);
  const link = { Link: `</v2/${name}/tags/list?${next.toString()}>; rel="next"` };
  return registryJson(200, { name, tags }, tags.length > 0 ? link : {});
}

/** Images with at least one version, of every owner the doer may see; at most 100 a page. */
export function listCatalog(gitea: Gitea, exchange: Exchange, doer: Doer): Reply {
  const asked = Number.parseInt(exchange.query.get('n') ?? '', 10);
  const n = asked > 0 && asked <= 100 ? asked : 100;
  const last = exchange.query.get('last') ?? '';
  const names = gitea.packages.all().flatMap((image) => {
    const owner = gitea.directory.ownerById(image.ownerId);
    const shown = owner !== undefined && image.versions.size > 0 && isVisible(gitea.directory, owner, doer);
    return shown ? [`${owner.name.toLowerCase()}/${image.name}`] : [];
  });
  const repositories = names
    .sort()
    .filter((name) => name > last)
    .slice(0, n);
  const next = new URLSearchParams({ last: repositories.at(-1) ?? '' });
  if (n !== 100) next.set('n', String(n));
  const link = { Link: `</v2/_catalog?${next.toString()}>; rel="next"` };
  return registryJson(200, { repositories }, repositories.length === n ? link : {});
}
