import type { Repository } from '../../../src/core/registry/repository.ts';
import type { FakeGiteaOptions } from '../../fakeGitea/options.ts';
import type { FakeGitea } from '../../fakeGitea/fakeGitea.ts';
import { never, signedIn, type TestClient } from '../gitea/testClient.ts';

export const call = { signal: never };
export const silent = { signal: never, onSent: (): void => undefined };

export interface SetUp {
  readonly fakeGitea: FakeGitea;
  readonly client: TestClient;
  readonly app: Repository;
}

/** A Gitea, a client signed in as `dev`, and one repository of theirs. */
export async function setUp(
  t: Parameters<typeof signedIn>[0],
  options: FakeGiteaOptions & { chunk?: number; repository?: string } = {},
): Promise<SetUp> {
  const { fakeGitea, client } = await signedIn(t, options, options.chunk === undefined ? {} : { chunk: options.chunk });
  const app = await client.repository(options.repository ?? 'dev/app', call);
  return { fakeGitea, client, app };
}
