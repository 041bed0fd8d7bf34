import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { basic, RawHttp } from '../../contract/support/rawHttp.ts';

const main = fileURLToPath(new URL('../../fakeGitea/main.ts', import.meta.url));

interface Line {
  readonly origin: string;
  readonly certificatePem: string;
  readonly users: { name: string; password: string; token: string }[];
}

test('as a process it prints where it is and who may sign in, and ends cleanly on a signal', async () => {
  const env = { ...process.env, FAKE_GITEA_DEV_PASSWORD: 'given by the environment' };
  const child = spawn(process.execPath, [main, '--tls'], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  const [text] = (await once(createInterface(child.stdout), 'line')) as [string];
  const { origin, certificatePem, users } = JSON.parse(text) as Line;
  const http = new RawHttp(origin, { ca: certificatePem });
  assert.equal(users.find(({ name }) => name === 'dev')?.password, 'given by the environment');
  for (const { name, password, token } of users) {
    for (const secret of [password, token]) {
      assert.equal((await http.request('GET', '/v2/', { headers: basic(name, secret) })).status, 200);
    }
  }
  http.close();
  child.kill('SIGTERM');
  assert.deepEqual(await once(child, 'exit'), [0, null]);
});
