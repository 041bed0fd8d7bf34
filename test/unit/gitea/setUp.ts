import type { Repository } from '../../../src/core/registry/repository.ts';
import type { StandinOptions } from '../../standin/options.ts';
import type { Standin } from '../../standin/standin.ts';
import { never, signedIn, type TestClient } from './testClient.ts';

export const call = { signal: never };
export const silent = { signal: never, onSent: (): void => undefined };

export interface SetUp {
  readonly standin: Standin;
  readonly client: TestClient;
  readonly app: Repository;
}

/** A Gitea, a client signed in as `dev`, and one repository of theirs. */
export async function setUp(
  t: Parameters<typeof signedIn>[0],
  options: StandinOptions & { chunk?: number; repository?: string } = {},
): Promise<SetUp> {
  const { standin, client } = await signedIn(t, options, options.chunk === undefined ? {} : { chunk: options.chunk });
  const app = await client.repository(options.repository ?? 'dev/app', call);
  return { standin, client, app };
}
