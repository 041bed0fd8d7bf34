import assert from 'node:assert/strict';
import { chmod, chown, mkdtemp, rm, writeFile } from 'node:fs/promises';
import http from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { needCommand } from '../../tools/findCommand.ts';
import { run } from '../../tools/run.ts';

/** A group that this machine need not have. */
const group = { name: 'engine-users', id: 54_321 };

const source = (path: string): string => fileURLToPath(new URL(`../../../src/core/docker/${path}`, import.meta.url));

/** What a user reads who may not open the engine's socket. `members`: as in /etc/group. Linux, root. */
async function refusalOf(members: string): Promise<{ code: string; message: string; isMember: unknown }> {
  const folder = await mkdtemp(join(tmpdir(), 'socket-permission-'));
  const at = (name: string): string => join(folder, name);
  const server = http.createServer((_request, response) => response.end('{}'));
  try {
    await chmod(folder, 0o755);
    await new Promise<void>((resolve) => server.listen(at('engine.sock'), resolve));
    await chown(at('engine.sock'), 0, group.id);
    await chmod(at('engine.sock'), 0o660);
    await writeFile(at('group'), `root:x:0:\nnogroup:x:65534:\n${group.name}:x:${group.id}:${members}\n`);
    const script = `
      const { Engine } = await import(${JSON.stringify(source('client/engine.ts'))});
      const { parseEndpoint } = await import(${JSON.stringify(source('endpoint/parseEndpoint.ts'))});
      const options = { source: 'the test', platform: 'linux', tls: undefined };
      const engine = new Engine(parseEndpoint('unix://${at('engine.sock')}', options));
      const { signal } = new AbortController();
      await engine.version({ signal }).catch(({ code, message, facts }) => {
        console.log(JSON.stringify({ code, message, isMember: facts.isMember }));
      });`;
    const own = `mount --make-rprivate /; mount --bind ${at('group')} /etc/group; exec "$0" "$@"`;
    const asNobody = [needCommand('setpriv', 'util-linux'), '--reuid', '65534', '--regid', '65534', '--clear-groups'];
    const node = [process.execPath, '--input-type=module', '-e', script];
    const unshare = needCommand('unshare', 'util-linux');
    const { stdout } = await run(unshare, ['--mount', '--', 'sh', '-euc', own, ...asNobody, ...node]);
    return JSON.parse(stdout) as Awaited<ReturnType<typeof refusalOf>>;
  } finally {
    server.close();
    await rm(folder, { recursive: true });
  }
}

test('who was added to the group after the process was started reads just that', async () => {
  const refused = await refusalOf('ada,nobody');
  assert.equal(refused.code, 'enginePermission');
  assert.equal(refused.isMember, true);
  assert.match(
    refused.message,
    /You are a member of the group “engine-users”, which may, but VS Code was started before/,
  );
});

test('who is not in the group reads which one it is', async () => {
  const refused = await refusalOf('ada');
  assert.equal(refused.isMember, false);
  assert.match(refused.message, /The members of the group “engine-users” are\.$/);
});
