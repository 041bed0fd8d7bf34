import assert from 'node:assert/strict';
import type { Target } from './target.ts';

interface Linked {
  readonly organization: string;
  readonly repository: string;
  /** Of whoever links. */
  readonly secret: string;
}

/** The image `app`, which has the tag v1, can be linked to a repository of its owner in any case, and once. Gives v1's path. */
export async function assertLinks(target: Target, { organization, repository, secret }: Linked): Promise<string> {
  const token = { Authorization: `token ${secret}` };
  const link = async (name: string): Promise<number> => {
    const path = `/packages/${organization}/container/app/-/link/${name}`;
    return (await target.rest('POST', path, undefined, token)).status;
  };
  assert.deepEqual(
    [await link('nosuch'), await link(repository.toLowerCase()), await link(repository)],
    [404, 201, 400],
  );
  const path = `/packages/${organization}/container/app/v1`;
  const version = await target.rest('GET', path, undefined, token);
  assert.equal((JSON.parse(version.text) as { repository: { name: string } }).repository.name, repository);
  return path;
}
